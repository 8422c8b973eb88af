import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { PrivateCa } from '../../test/support/certificates.js';
import { Config, ConfigError } from './config.js';
import { settings } from './settings.js';

const SECRET = 'Zm9yIHRlc3RzIG9ubHksIG1hZGUgYnkgaGFuZCA0Mg==';

const OTHER_SECRET = 'VR2mXbQh0LwqYt8sKc1nZp4uJdGe7fAi9oBxWvMjTyU=';

/** A safe production configuration. */
const SAFE = {
  NODE_ENV: 'production',
  PUBLIC_URL: 'https://auth.acme.test',
  DATABASE_URL: 'postgres://otp:pw@db.acme.test:5432/otp?sslmode=verify-full',
  APP_SECRET: SECRET,
  SMS_ALLOWED_COUNTRIES: 'IN,US',
  API_ACCESS: 'applications',
  PHONE_SPEND_PER_HOUR: '25',
  PHONE_SPEND_PER_DAY: '150.50',
  MAIL_PROVIDER: 'postmark',
  MAIL_FROM: 'Acme <no-reply@acme.test>',
  POSTMARK_SERVER_TOKEN: '3f0c5b2e-8d53-4a4a-9c3d-1f5b6a7c8d9e',
  SMS_PROVIDER: 'twilio',
  TWILIO_ACCOUNT_SID: 'AC0123456789abcdef0123456789abcdef',
  TWILIO_AUTH_TOKEN: '0123456789abcdef0123456789abcdef',
  TWILIO_FROM: '+15005550006',
};

const WEBHOOK = {
  WEBHOOK_URL: 'https://messages.acme.test/send',
  WEBHOOK_SECRET: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
};

const MORE_PROVIDERS = {
  MAIL_PROVIDERS: 'postmark,smtp,webhook',
  SMTP_URL: 'smtps://codes:pw@smtp.acme.test',
  SMS_PROVIDERS: 'twilio-verify,twilio,webhook',
  TWILIO_VERIFY_SERVICE_SID: 'VA0123456789abcdef0123456789abcdef',
  SMS_ROUTES: 'IN:twilio/ACMEIN,webhook;US:twilio/+14155550100',
  OTP_CHANNELS: 'sms,email,login:whatsapp,transaction:voice',
  WHATSAPP_PROVIDERS: 'twilio',
  TWILIO_WHATSAPP_FROM: '+14155550100',
  TWILIO_WHATSAPP_CONTENT_SID: 'HX0123456789abcdef0123456789abcdef',
  VOICE_PROVIDERS: 'twilio,webhook',
  TWILIO_VOICE_FROM: '+14155550100',
  ...WEBHOOK,
};

const inDays = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);

function configError(env: NodeJS.ProcessEnv): string {
  try {
    Config.from(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  throw new Error('the configuration is valid');
}

/** The settings that an error message lists, one per line after the first. */
function faultySettings(message: string): string[] {
  return message
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(' ')[0] ?? '');
}

describe('Config', () => {
  it('has a default for every setting in development', () => {
    const config = Config.from({});
    expect(config).toMatchObject({
      NODE_ENV: 'development',
      PORT: 3000,
      OTP_LENGTH: 6,
      OTP_TTL_SECONDS: 300,
      OTP_RESEND_SECONDS: 60,
      OTP_MAX_ATTEMPTS: 3,
      OTP_EXPOSE_CODE: false,
      TRUST_PROXY: false,
      CORS_ORIGINS: [],
      IP_RATE_LIMIT: 100,
      BCRYPT_COST: 10,
    });
    expect(config.host).toBe('127.0.0.1');
    expect(config.publicUrl).toBe('http://localhost:3000');
    expect(config.hasInbox).toBe(true);
  });

  it('treats an empty or blank value as absent', () => {
    const blank = Object.fromEntries(Object.keys(settings).map((name) => [name, ' ']));
    expect(Config.from(blank)).toEqual(Config.from({}));
  });

  it('serves all pages in development, and in production only those that messages link to', () => {
    expect(Config.from({}).pages).toEqual(['reset', 'undo', 'sign-in', 'account', 'console']);
    expect(Config.from(SAFE).pages).toEqual(['reset', 'undo', 'sign-in']);
    expect(Config.from({ ...SAFE, PAGES: 'reset,undo,sign-in,account' }).pages).toContain('account');
  });

  it('accepts a safe production configuration', () => {
    const config = Config.from(SAFE);
    expect(config.production).toBe(true);
    expect(config.host).toBe('0.0.0.0');
    expect(config.hasInbox).toBe(false);
    expect(config.audience).toBe('https://auth.acme.test');
  });

  it.each([
    { TRUST_PROXY: '10.0.0.0/8, 192.168.1.1' },
    { TRUST_PROXY: 'loopback' },
    { REDIS_URL: 'rediss://otp:p%40ss@redis.acme.test:6380/2' },
    { TRUST_PROXY: '2001:db8::/32' },
    { CORS_ORIGINS: 'https://app.acme.test, https://admin.acme.test' },
    { CORS_ORIGINS: 'capacitor://localhost, ionic://localhost, tauri://localhost, http://localhost:8100' },
    {
      CORS_ORIGINS:
        'chrome-extension://abcdefghijklmnop,safari-web-extension://9CB6B5C2-0A1B,com.acme.app://x:1',
    },
    { CORS_ORIGINS: 'https://*.acme.test,https://*.eu.acme.test:8443,http://*.localhost:3000' },
    { SMS_ALLOWED_COUNTRIES: '*' },
    { API_ACCESS: 'open' },
    { OTP_CHANNELS: 'email', PHONE_SPEND_PER_HOUR: '', PHONE_SPEND_PER_DAY: '' },
    { IP_RATE_LIMIT: '0', OTP_RESEND_SECONDS: '0', ACCEPT_RISKS: 'no-ip-limit, no-resend-wait' },
    { REDIS_URL: 'redis://redis.acme.test:6379', ACCEPT_RISKS: 'plaintext-redis' },
    { REDIS_URL: 'redis://127.0.0.1:6379' },
    { DATABASE_URL: 'postgres://otp:pw@db.acme.test/otp', ACCEPT_RISKS: 'plaintext-database' },
    { DATABASE_URL: 'postgres://otp:pw@db.acme.test/otp?sslmode=require' },
    { DATABASE_URL: 'postgres://otp:pw@db.acme.test/otp', PGSSLMODE: 'verify-full' },
    { DATABASE_URL: 'postgres://otp:pw@localhost/otp' },
    { DATABASE_URL: 'postgres://otp:pw@[::1]/otp' },
    { DATABASE_URL: 'postgres://otp@/otp?host=/var/run/postgresql' },
    { TRUST_PROXY: '10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,100.64.0.0/10,fc00::/7,2400:cb00::/32' },
    { DOCS: 'off', SECURITY_CONTACT: 'security@acme.test' },
    { TEST_IDENTITIES: `*@ci.acme.test=123456@${inDays(80)}, *@example.com=000000@${inDays(80)}` },
    { APP_SECRET_PREVIOUS: [...SECRET].reverse().join('') },
    { APP_SECRET_NEXT: OTHER_SECRET },
    { TWILIO_FROM: '', TWILIO_MESSAGING_SERVICE_SID: 'MG0123456789abcdef0123456789abcdef' },
    { TWILIO_API_URL: 'http://127.0.0.1:9911', POSTMARK_API_URL: 'https://proxy.acme.test' },
    { OTP_LENGTH: '4', OTP_MAX_ATTEMPTS: '3' },
    { OTP_POLICIES: 'checkout:length=8,ttl=120,attempts=10;payout:ttl=60;login:length=4,attempts=3' },
    { TEST_IDENTITIES: `review@acme.test=123456@${inDays(80)}, +1555555*=000000@${inDays(-30)}` },
    { BCRYPT_COST: '12', OTP_LENGTH: '8', OTP_TTL_SECONDS: '600' },
    MORE_PROVIDERS,
  ])('accepts a safe production configuration with %j', (more) => {
    expect(() => Config.from({ ...SAFE, ...more })).not.toThrow();
  });

  it.each<[string, string, NodeJS.ProcessEnv]>([
    ['APP_SECRET', 'missing', { APP_SECRET: undefined }],
    ['APP_SECRET', 'short', { APP_SECRET: 'Zm9yIHRlc3RzIG9ubHksIG1h' }],
    ['APP_SECRET', 'one repeated character', { APP_SECRET: 'k'.repeat(64) }],
    ['APP_SECRET', 'a few repeated characters', { APP_SECRET: 'kjhg'.repeat(16) }],
    ['APP_SECRET', 'an example', { APP_SECRET: 'example-0123456789-abcdefghijklmnop' }],
    ['APP_SECRET', 'a placeholder', { APP_SECRET: 'please-change-me-0123456789-abcdefgh' }],
    ['APP_SECRET', 'another placeholder', { APP_SECRET: 'your-key-goes-here-0123456789-abcdef' }],
    ['APP_SECRET', 'a word', { APP_SECRET: 'my-super-secret-0123456789-abcdefghi' }],
    ['APP_SECRET', 'a sequence', { APP_SECRET: 'abcdefghijklmnopqrstuvwxyz0123456789' }],
    ['APP_SECRET', 'a sequence in mixed case', { APP_SECRET: 'AbCdEfGhIjKlMnOpQrStUvWxYz0123456789' }],
    ['APP_SECRET', 'two mixed sequences', { APP_SECRET: 'a1b2c3d4e5f6g7h8i9j0k1l2m3n4o5p6q7' }],
    ['APP_SECRET', 'rows of the keyboard', { APP_SECRET: 'qwertyuiopasdfghjklzxcvbnm1234567890' }],
    [
      'APP_SECRET',
      'a repeated phrase',
      { APP_SECRET: 'green horse battery staple green horse battery staple' },
    ],
    ['APP_SECRET', 'repeated characters', { APP_SECRET: 'aaaabbbbccccddddeeeeffffgggghhhhiiiijjjj' }],
    ['APP_SECRET', 'dates', { APP_SECRET: '2024-01-012024-01-022024-01-032024-01-04' }],
    ['APP_SECRET_PREVIOUS', 'short', { APP_SECRET_PREVIOUS: 'hunter2hunter2' }],
    ['APP_SECRET_PREVIOUS', 'the same as APP_SECRET', { APP_SECRET_PREVIOUS: SECRET }],
    ['APP_SECRET_NEXT', 'short', { APP_SECRET_NEXT: 'hunter2hunter2' }],
    ['APP_SECRET_NEXT', 'the same as APP_SECRET', { APP_SECRET_NEXT: SECRET }],
    [
      'APP_SECRET_NEXT',
      'the same as APP_SECRET_PREVIOUS',
      { APP_SECRET_PREVIOUS: OTHER_SECRET, APP_SECRET_NEXT: OTHER_SECRET },
    ],
    ['METRICS_TOKEN', 'the same as APP_SECRET', { METRICS_TOKEN: SECRET }],
    [
      'TWILIO_AUTH_TOKEN',
      'the same as METRICS_TOKEN',
      { METRICS_TOKEN: OTHER_SECRET, TWILIO_AUTH_TOKEN: OTHER_SECRET },
    ],
    ['WEBHOOK_SECRET', 'a sequence', { WEBHOOK_SECRET: 'abcdefghijklmnopqrstuvwxyz0123456789' }],
    ['IP_RATE_LIMIT', 'no limit', { IP_RATE_LIMIT: '0' }],
    [
      'IP_RATE_LIMIT',
      'no limit, another risk accepted',
      { IP_RATE_LIMIT: '0', ACCEPT_RISKS: 'no-resend-wait' },
    ],
    ['OTP_RESEND_SECONDS', 'no wait', { OTP_RESEND_SECONDS: '0' }],
    ['REDIS_URL', 'without TLS', { REDIS_URL: 'redis://:hunter2hunter2@redis.acme.test:6379' }],
    ['DATABASE_URL', 'without TLS', { DATABASE_URL: 'postgres://otp:pw@db.acme.test:5432/otp' }],
    [
      'DATABASE_URL',
      'with optional TLS',
      { DATABASE_URL: 'postgres://otp:pw@db.acme.test:5432/otp?sslmode=prefer' },
    ],
    [
      'DATABASE_URL',
      'on the host of PGHOST, without TLS',
      { DATABASE_URL: 'postgres://otp:pw@/otp', PGHOST: 'db.acme.test' },
    ],
    [
      'DATABASE_URL',
      'TLS switched off in the URL',
      { DATABASE_URL: 'postgres://otp:pw@db.acme.test/otp?sslmode=disable', PGSSLMODE: 'verify-full' },
    ],
    ['CORS_ORIGINS', 'plain http', { CORS_ORIGINS: 'https://app.acme.test,http://app.acme.test' }],
    ['CORS_ORIGINS', 'plain http with a pattern', { CORS_ORIGINS: 'http://*.acme.test:8080' }],
    ['CORS_ORIGINS', 'plain http on another machine', { CORS_ORIGINS: 'http://192.168.1.10:5173' }],
    [
      'TEST_IDENTITIES',
      'all addresses of a mail provider',
      { TEST_IDENTITIES: `*@gmail.com=123456@${inDays(80)}` },
    ],
    [
      'TEST_IDENTITIES',
      'some addresses of a mail provider',
      { TEST_IDENTITIES: `*.review@web.de=123456@${inDays(80)}` },
    ],
    ['TEST_IDENTITIES', 'a range of real numbers', { TEST_IDENTITIES: `+1202555*=123456@${inDays(80)}` }],
    [
      'TEST_IDENTITIES',
      'a small range of real numbers',
      { TEST_IDENTITIES: `+49151234567*=123456@${inDays(80)}` },
    ],
    [
      'POSTMARK_WEBHOOK_PASSWORD',
      'short',
      { POSTMARK_WEBHOOK_USER: 'postmark', POSTMARK_WEBHOOK_PASSWORD: 'hunter2hunter2' },
    ],
    ['METRICS_TOKEN', 'short', { METRICS_TOKEN: 'hunter2hunter2' }],
    ['PUBLIC_URL', 'missing', { PUBLIC_URL: undefined }],
    ['PUBLIC_URL', 'http', { PUBLIC_URL: 'http://auth.acme.test' }],
    ['CORS_ORIGINS', '*', { CORS_ORIGINS: '*' }],
    ['CORS_ORIGINS', 'a list with *', { CORS_ORIGINS: 'https://app.acme.test,*' }],
    ['DATABASE_URL', 'missing', { DATABASE_URL: undefined }],
    ['TRUST_PROXY', 'true', { TRUST_PROXY: 'true' }],
    ['TRUST_PROXY', 'every IPv4 address', { TRUST_PROXY: '0.0.0.0/0' }],
    ['TRUST_PROXY', 'every IPv6 address', { TRUST_PROXY: '10.0.0.0/8,::/0' }],
    ['TRUST_PROXY', 'a number of hops', { TRUST_PROXY: '1' }],
    ['MAIL_PROVIDER', 'the inbox', { MAIL_PROVIDER: 'inbox' }],
    ['MAIL_PROVIDER', 'missing', { MAIL_PROVIDER: undefined }],
    ['SMS_PROVIDER', 'the inbox', { SMS_PROVIDER: 'inbox' }],
    ['SMS_PROVIDER', 'missing', { SMS_PROVIDER: undefined }],
    ['MAIL_PROVIDERS', 'a list with the inbox', { MAIL_PROVIDERS: 'postmark,inbox' }],
    ['SMS_PROVIDERS', 'a list with the inbox', { SMS_PROVIDERS: 'twilio,inbox' }],
    ['SMS_ROUTES', 'the inbox for a country', { SMS_ROUTES: 'IN:twilio,inbox' }],
    ['WHATSAPP_PROVIDERS', 'the inbox', { WHATSAPP_PROVIDERS: 'inbox' }],
    ['WHATSAPP_PROVIDERS', 'missing', { OTP_CHANNELS: 'sms,email,login:whatsapp' }],
    ['VOICE_PROVIDERS', 'missing', { OTP_CHANNELS: 'sms,email,voice' }],
    [
      'WEBHOOK_URL',
      'plain http',
      { SMS_PROVIDER: 'webhook', ...WEBHOOK, WEBHOOK_URL: 'http://10.0.0.5/send' },
    ],
    ['RESET_URL', 'plain http', { RESET_URL: 'http://app.acme.test/reset' }],
    ['SIGN_IN_URL', 'plain http', { SIGN_IN_URL: 'http://app.acme.test/sign-in' }],
    ['SMS_ALLOWED_COUNTRIES', 'missing', { SMS_ALLOWED_COUNTRIES: undefined }],
    ['SMS_ALLOWED_COUNTRIES', 'blank', { SMS_ALLOWED_COUNTRIES: '  ' }],
    ['API_ACCESS', 'missing', { API_ACCESS: undefined }],
    ['API_ACCESS', 'blank', { API_ACCESS: ' ' }],
    ['PHONE_SPEND_PER_HOUR', 'missing', { PHONE_SPEND_PER_HOUR: undefined }],
    ['PHONE_SPEND_PER_DAY', 'missing', { PHONE_SPEND_PER_DAY: undefined }],
    ['OTP_EXPOSE_CODE', 'on', { OTP_EXPOSE_CODE: 'true' }],
    ['BCRYPT_COST', 'too low', { BCRYPT_COST: '9' }],
    ['OTP_PURPOSES', 'any name', { OTP_PURPOSES: '*' }],
    ['TEST_IDENTITIES', 'no last day', { TEST_IDENTITIES: 'review@acme.test=123456' }],
    [
      'TEST_IDENTITIES',
      'a last day that is too late',
      { TEST_IDENTITIES: `review@acme.test=123456@${inDays(95)}` },
    ],
    ['OTP_MAX_ATTEMPTS', 'too many for a short code', { OTP_LENGTH: '4', OTP_MAX_ATTEMPTS: '4' }],
    ['OTP_POLICIES', 'too many attempts for a short code', { OTP_POLICIES: 'payout:length=5,attempts=4' }],
    [
      'OTP_POLICIES',
      'a code too short for OTP_MAX_ATTEMPTS',
      { OTP_MAX_ATTEMPTS: '4', OTP_POLICIES: 'payout:length=5' },
    ],
    [
      'OTP_POLICIES',
      'too many attempts for OTP_LENGTH',
      { OTP_LENGTH: '4', OTP_POLICIES: 'payout:attempts=4' },
    ],
    ['POSTMARK_API_URL', 'plain http', { POSTMARK_API_URL: 'http://proxy.acme.test' }],
    ['TWILIO_API_URL', 'plain http', { TWILIO_API_URL: 'http://10.0.0.5:9911' }],
  ])('rejects an unsafe %s in production: %s', (setting, _, unsafe) => {
    const message = configError({ ...SAFE, ...unsafe });
    expect(faultySettings(message)).toContain(setting);
    expect(new Set(faultySettings(message)).size).toBe(1);
    const value = unsafe[setting];
    if (value && value.length > 8) expect(message).not.toContain(value);
  });

  it.each<[string, string[]]>([
    ['OTP_LENGTH', ['3', '11', '6.5', '-6', '06e0', 'six', '0x6']],
    ['OTP_TTL_SECONDS', ['601', '29', '86400', 'NaN']],
    ['OTP_RESEND_SECONDS', ['-1', '601']],
    ['OTP_MAX_ATTEMPTS', ['0', '11']],
    [
      'OTP_POLICIES',
      [
        ...[
          'checkout',
          'hunter2hunter2',
          'checkout:',
          ':ttl=60',
          ';',
          'Checkout:ttl=60',
          'a-b:ttl=60',
          '__proto__:ttl=60',
        ],
        ...[
          'checkout:ttl',
          'checkout:ttl=',
          'checkout:ttl=60,',
          'checkout:ttl=60,ttl=61',
          'checkout:life=60',
        ],
        ...['checkout:constructor=6', 'a:ttl=60;a:length=6', 'checkout:ttl=60;length=8', 'checkout:ttl=60:x'],
        ...['checkout:length=3', 'checkout:length=11', 'checkout:length=6.5', 'checkout:length=six'],
        ...['checkout:ttl=29', 'checkout:ttl=601', 'checkout:ttl=-60', 'checkout:ttl=6e1', 'login:ttl=900'],
        ...['checkout:attempts=0', 'checkout:attempts=11', 'checkout:attempts=+3', 'password_reset:ttl=901'],
      ],
    ],
    ['OTP_EXPOSE_CODE', ['yes', '1', 'TRUE']],
    ['OTP_PURPOSES', ['My Own', 'a-b', 'x'.repeat(33), '1st']],
    ['PORT', ['65536', '-1', 'http']],
    ['NODE_ENV', ['prod', 'Production']],
    ['LOG_LEVEL', ['verbose', 'trace']],
    ['PUBLIC_URL', ['auth.acme.test', 'ftp://auth.acme.test', 'javascript:alert(1)']],
    ['PUBLIC_URL', ['https://acme.test/auth?tenant=1', 'https://acme.test/#auth']],
    [
      'PUBLIC_URL',
      ['https://ada:hunter2@acme.test', 'https://ada@acme.test/auth', 'https://:hunter2@acme.test'],
    ],
    ['RESET_URL', ['https://ada:hunter2@acme.test/reset', 'https://acme.test/reset#form']],
    ['PAGES', ['reset,undo,sign-in,home', 'reset,undo,sign-in,undo', ',', 'undo,reset', 'reset,sign-in']],
    ['SIGN_IN_URL', ['https://ada:hunter2@acme.test/in', 'https://acme.test/in#form', 'app:/in']],
    ['DOCS', ['yes', 'false', 'OFF']],
    [
      'SECURITY_CONTACT',
      ['security', 'http://acme.test/security', 'a@acme.test, b@acme.test', 'javascript:x'],
    ],
    ['ACCEPT_RISKS', ['everything', 'no-ip-limit;plaintext-redis', 'NO-IP-LIMIT']],
    [
      'TRUST_PROXY',
      [
        '0.0.0.0/1,128.0.0.0/1',
        '0.0.0.0/2, 64.0.0.0/2, 128.0.0.0/2, 192.0.0.0/2',
        '10.0.0.0/1',
        '::/1,8000::/1',
        '2000::/3',
        '::ffff:0.0.0.0/97,::ffff:128.0.0.0/97',
        '::ffff:0:0/96',
      ],
    ],
    ['TRUST_PROXY', ['1', 'yes', 'proxy.acme.test', '10.0.0.0/33', '::1/129', '10.0.0.0/8/8', '10.1.0.0/']],
    ['CORS_ORIGINS', ['app.acme.test', 'https://app.acme.test/', 'https://app.acme.test/path', 'null']],
    ['CORS_ORIGINS', ['app://', 'capacitor:localhost', 'capacitor://localhost/', 'Tauri://localhost']],
    ['CORS_ORIGINS', ['file://', 'file://x', 'javascript://x', 'data://x', 'capacitor://*', '://acme.test']],
    [
      'CORS_ORIGINS',
      ['http://*', 'https://*.test', '*.acme.test', 'https://*acme.test', 'https://app.*.test'],
    ],
    [
      'CORS_ORIGINS',
      ['https://*.*.acme.test', 'https://*.acme.test/', '*://*.acme.test', 'https://*.1.2.3.4'],
    ],
    [
      'CORS_ORIGINS',
      ['https://*.[::1]', 'app://*.acme.test', 'https://*.acme.test:*', 'https://*.ACME.test'],
    ],
    ['CORS_ORIGINS', ['https://a@app.acme.test', 'https://app.acme.test:443', 'https://*.a@acme.test']],
    ['IP_RATE_LIMIT', ['-1', '1e3', 'off']],
    ['DATABASE_URL', ['mysql://root:hunter2hunter2@db/otp', 'db:5432']],
    ['DATABASE_POOL_SIZE', ['0', '101']],
    ['REDIS_URL', ['redis.acme.test:6379', 'http://redis.acme.test', 'redis://:hunter2hunter2@redis/name']],
    ['BCRYPT_COST', ['3', '16']],
    [
      'TEST_IDENTITIES',
      ['review@acme.test', '*=123456', 'review@acme.test=1234', '+1555555*=123456@tomorrow'],
    ],
    ['PHONE_DEFAULT_COUNTRY', ['IND', '91', 'XX']],
    [
      'PHONE_EXTRA_RANGES',
      ['1679', '+1', '+0123', '+12345678901', '+1 679', '+1679;+1457', '+16x', '+1679,*'],
    ],
    ['SMS_ALLOWED_COUNTRIES', ['IN,XX', '+91', 'IN;US']],
    ['API_ACCESS', ['closed', 'OPEN', 'open,applications']],
    ['FRAUD_MODE', ['on', 'enforced']],
    ['PHONE_PRICES', ['/no/such/file.json', 'package.json']],
    ['PHONE_SPEND_PER_HOUR', ['0', '-1', '12,50', '1e3', '0.0000001']],
    ['PHONE_SPEND_PER_DAY', ['0', 'none']],
    ['MAIL_PROVIDER', ['sendgrid', 'twilio', 'postmark,smtp']],
    ['MAIL_PROVIDERS', ['postmark,sendgrid', 'inbox,inbox', ',']],
    ['MAIL_FROM', ['Acme', 'no-reply@acme.test\r\nBcc: eve@acme.test']],
    ['SMS_PROVIDER', ['nexmo', 'smtp']],
    ['SMS_PROVIDERS', ['inbox,nexmo']],
    [
      'SMS_ROUTES',
      ['XX:inbox', 'IN', 'IN:nexmo', 'IN:inbox;IN:inbox', 'IN:inbox/<script>', 'IN:inbox,,inbox'],
    ],
    ['WHATSAPP_PROVIDERS', ['smtp']],
    ['VOICE_PROVIDERS', ['postmark']],
    ['OTP_CHANNELS', ['fax', 'sms,login:fax', 'Login:sms', 'login:', ':sms']],
    ['RECEIPT_TIMEOUT_SECONDS', ['301', '-1', 'off']],
    ['SMTP_URL', ['smtp.acme.test', 'http://smtp.acme.test']],
    ['SMTP_MAX_CONNECTIONS', ['0', '65', '-1', 'many']],
    ['SMTP_OAUTH2_TOKEN_URL', ['login.acme.test', 'file:///etc/passwd']],
    ['SMTP_CA_FILE', ['/etc/no-such-file.pem', '/etc', 'package.json']],
    ['TWILIO_WHATSAPP_FROM', ['Acme', '4155550101']],
    ['TWILIO_WHATSAPP_CONTENT_SID', ['MG0123456789abcdef0123456789abcdef']],
    ['TWILIO_VOICE_FROM', ['Acme']],
    ['TWILIO_VERIFY_SERVICE_SID', ['AC0123456789abcdef0123456789abcdef']],
    ['WEBHOOK_SECRET', ['hunter2hunter2', 'whsec_hunter2']],
    ['TWILIO_ACCOUNT_SID', ['SK0123456789abcdef0123456789abcdef']],
    ['TWILIO_MESSAGING_SERVICE_SID', ['AC0123456789abcdef0123456789abcdef']],
    ['POSTMARK_API_URL', ['api.acme.test']],
    ['TWILIO_API_URL', ['file:///etc/passwd']],
  ])('rejects %s in every environment for the values %j', (setting, values) => {
    for (const value of values) {
      const message = configError({ [setting]: value });
      expect(faultySettings(message)).toEqual([setting]);
      if (value.length > 8) expect(message).not.toContain(value);
    }
  });

  it('lets a page of the product replace one that messages link to', () => {
    expect(configError({ PAGES: 'undo,sign-in' })).toContain('PAGES must list reset, because reset mails');
    const own = { RESET_URL: 'https://acme.test/reset', SIGN_IN_URL: 'https://acme.test/in' };
    expect(Config.from({ PAGES: 'undo', ...own }).pages).toEqual(['undo']);
    expect(configError({ PAGES: 'reset,sign-in', ...own })).toContain('PAGES must list undo');
  });

  it('reads PHONE_EXTRA_RANGES, and says what a range must look like', () => {
    expect(Config.from({}).PHONE_EXTRA_RANGES).toEqual([]);
    expect(Config.from({ PHONE_EXTRA_RANGES: '+1679, +1457,+88' }).PHONE_EXTRA_RANGES).toEqual([
      '+1679',
      '+1457',
      '+88',
    ]);
    expect(configError({ PHONE_EXTRA_RANGES: '1679' })).toContain(
      'PHONE_EXTRA_RANGES must list ranges of + and 2 to 10 digits, such as +1679',
    );
  });

  it('lists every fault in one message and repeats no value', () => {
    const message = configError({
      ...SAFE,
      APP_SECRET: 'hunter2hunter2',
      PUBLIC_URL: 'http://auth.acme.test',
      CORS_ORIGINS: '*',
      OTP_LENGTH: '3',
      MAIL_PROVIDER: 'inbox',
      DATABASE_URL: 'mysql://root:hunter3hunter3@db/otp',
    });
    expect(faultySettings(message)).toEqual(
      expect.arrayContaining([
        'APP_SECRET',
        'PUBLIC_URL',
        'CORS_ORIGINS',
        'OTP_LENGTH',
        'MAIL_PROVIDER',
        'DATABASE_URL',
      ]),
    );
    expect(message).not.toMatch(/hunter|auth\.acme/);
  });

  it.each([
    ['POSTMARK_SERVER_TOKEN', { MAIL_PROVIDER: 'postmark', MAIL_FROM: 'a@acme.test' }],
    ['MAIL_FROM', { MAIL_PROVIDER: 'postmark', POSTMARK_SERVER_TOKEN: 'x' }],
    ['TWILIO_ACCOUNT_SID', { SMS_PROVIDER: 'twilio', TWILIO_AUTH_TOKEN: 'x', TWILIO_FROM: '+15005550006' }],
    ['TWILIO_AUTH_TOKEN', { SMS_PROVIDER: 'twilio', TWILIO_ACCOUNT_SID: 'AC0', TWILIO_FROM: '+15005550006' }],
    ['TWILIO_FROM', { SMS_PROVIDER: 'twilio', TWILIO_ACCOUNT_SID: 'AC0', TWILIO_AUTH_TOKEN: 'x' }],
  ])('requires %s for its provider in every environment', (setting, env) => {
    for (const NODE_ENV of ['development', 'test'])
      expect(faultySettings(configError({ NODE_ENV, ...env }))).toEqual([setting]);
    expect(faultySettings(configError({ ...SAFE, [setting]: undefined }))).toEqual([setting]);
  });

  it.each([
    'SMTP_URL',
    'WEBHOOK_URL',
    'WEBHOOK_SECRET',
    'TWILIO_VERIFY_SERVICE_SID',
    'TWILIO_WHATSAPP_FROM',
    'TWILIO_WHATSAPP_CONTENT_SID',
    'TWILIO_VOICE_FROM',
  ])('requires %s when its provider is listed', (setting) => {
    expect(faultySettings(configError({ ...SAFE, ...MORE_PROVIDERS, [setting]: undefined }))).toEqual([
      setting,
    ]);
  });

  const OAUTH2 = {
    SMTP_OAUTH2_USER: 'codes@acme.test',
    SMTP_OAUTH2_CLIENT_ID: 'client-1',
    SMTP_OAUTH2_CLIENT_SECRET: 'hunter2hunter2',
    SMTP_OAUTH2_REFRESH_TOKEN: 'hunter3hunter3',
    SMTP_OAUTH2_TOKEN_URL: 'https://login.acme.test/token',
  };
  it('accepts all SMTP_OAUTH2 settings or none', () => {
    expect(Config.from(OAUTH2)).toMatchObject(OAUTH2);
    for (const setting of Object.keys(OAUTH2)) {
      const message = configError({ ...OAUTH2, [setting]: undefined });
      expect(faultySettings(message)).toEqual([setting]);
      expect(message).not.toContain('hunter');
    }
    const others = Object.keys(OAUTH2).filter((setting) => setting !== 'SMTP_OAUTH2_USER');
    expect(faultySettings(configError({ SMTP_OAUTH2_USER: 'codes@acme.test' }))).toEqual(others);
  });

  it('sends no client secret over plain HTTP in production', () => {
    const SMTP_OAUTH2_TOKEN_URL = 'http://login.acme.test/token';
    expect(Config.from({ ...OAUTH2, SMTP_OAUTH2_TOKEN_URL })).toMatchObject({ SMTP_OAUTH2_TOKEN_URL });
    const message = configError({ ...SAFE, ...OAUTH2, SMTP_OAUTH2_TOKEN_URL });
    expect(faultySettings(message)).toEqual(['SMTP_OAUTH2_TOKEN_URL']);
  });

  it('accepts a file with one or several certificates', () => {
    const ca = new PrivateCa();
    const file = join(ca.folder, 'several.pem');
    writeFileSync(file, readFileSync(ca.caFile, 'utf8') + ca.server.cert);
    for (const SMTP_CA_FILE of [ca.caFile, file])
      expect(Config.from({ SMTP_CA_FILE })).toMatchObject({ SMTP_CA_FILE, SMTP_MAX_CONNECTIONS: 3 });
    writeFileSync(file, `${readFileSync(ca.caFile, 'utf8')}${ca.server.cert.replace('MII', 'MIX')}`);
    expect(faultySettings(configError({ SMTP_CA_FILE: file }))).toEqual(['SMTP_CA_FILE']);
    ca.remove();
  });

  it('prefers the list of providers, and names an unknown provider or country of SMS_ROUTES', () => {
    const config = Config.from({ ...SAFE, ...MORE_PROVIDERS });
    expect(config.mailProviders).toEqual(['postmark', 'smtp', 'webhook']);
    expect(config.phoneProviders('sms')).toEqual(['twilio-verify', 'twilio', 'webhook']);
    expect(Config.from(SAFE).phoneProviders('sms')).toEqual(['twilio']);
    expect(Config.from(SAFE).phoneProviders('voice')).toEqual([]);
    expect(config.SMS_ROUTES.IN).toEqual([{ provider: 'twilio', sender: 'ACMEIN' }, { provider: 'webhook' }]);
    expect(configError({ SMS_ROUTES: 'IN:nexmo' })).toContain('nexmo');
    expect(configError({ SMS_ROUTES: 'XX:inbox' })).toContain('XX');
  });

  it('reads the values of each purpose from OTP_POLICIES', () => {
    const policies = (OTP_POLICIES: string) => [...Config.from({ OTP_POLICIES }).OTP_POLICIES];
    expect(policies('checkout:length=8,ttl=120,attempts=3;payout:ttl=60')).toEqual([
      ['checkout', { codeLength: 8, ttlSeconds: 120, maxAttempts: 3 }],
      ['payout', { ttlSeconds: 60 }],
    ]);
    expect(policies(' constructor : attempts = 1 ; password_reset:ttl=900; ')).toEqual([
      ['constructor', { maxAttempts: 1 }],
      ['password_reset', { ttlSeconds: 900 }],
    ]);
    expect(policies('')).toEqual([]);
  });

  it.each([
    ['checkout:life=60', 'must set length, ttl or attempts, and nothing else, for checkout'],
    ['checkout:ttl=601', 'must set ttl to a whole number from 30 to 600 for checkout'],
    ['checkout:ttl=60;checkout:ttl=61', 'must list each purpose once: checkout'],
  ])('says what is wrong with the OTP_POLICIES %s', (OTP_POLICIES, reason) => {
    expect(configError({ OTP_POLICIES })).toContain(`OTP_POLICIES ${reason}`);
  });

  it('rejects test identities beside a purpose with another code length', () => {
    const TEST_IDENTITIES = 'review@acme.test=123456';
    const message = configError({ TEST_IDENTITIES, OTP_POLICIES: 'payout:ttl=60;checkout:length=8' });
    expect(faultySettings(message)).toEqual(['TEST_IDENTITIES']);
    expect(message).toContain('checkout');
    for (const OTP_POLICIES of ['checkout:length=6,ttl=60', 'checkout:attempts=1'])
      expect(() => Config.from({ TEST_IDENTITIES, OTP_POLICIES })).not.toThrow();
    expect(() => Config.from({ OTP_POLICIES: 'checkout:length=8' })).not.toThrow();
  });

  it('offers sms and email by default, and only the listed channels for a purpose with its own list', () => {
    expect(Config.from({}).channelsFor('login')).toEqual(['sms', 'email']);
    const { OTP_CHANNELS } = MORE_PROVIDERS;
    const config = Config.from({ OTP_CHANNELS });
    expect(config.channelsFor('verification')).toEqual(['sms', 'email']);
    expect(config.channelsFor('login')).toEqual(['whatsapp']);
    expect(config.channelsFor('constructor')).toEqual(['sms', 'email']);
    expect(config.phoneProviders('whatsapp')).toEqual(['inbox']);
    const inherited = Config.from({ OTP_CHANNELS: 'sms,constructor:voice' });
    expect(inherited.channelsFor('constructor')).toEqual(['voice']);
    expect(Config.from({ OTP_CHANNELS: 'login:whatsapp' }).channelsFor('verification')).toEqual([
      'sms',
      'email',
    ]);
  });

  it('is immutable', () => {
    const config = Config.from({});
    expect(() => Object.assign(config, { OTP_EXPOSE_CODE: true })).toThrow(TypeError);
  });
});

describe('.env.example', () => {
  const text = readFileSync('.env.example', 'utf8');
  const entries = [...text.matchAll(/^(?:# ?)?([A-Z][A-Z0-9_]*)=(.*)$/gm)];

  it('lists every setting exactly once', () => {
    expect(entries.map(([, name]) => name).sort()).toEqual(Object.keys(settings).sort());
  });

  it('loads as the default configuration', () => {
    expect(Config.from(parseEnv(text) as NodeJS.ProcessEnv)).toEqual(Config.from({}));
  });

  it('contains only valid values, also in comments', () => {
    for (const [, name = '', value = ''] of entries)
      expect([name, settings[name as keyof typeof settings].safeParse(value || undefined).success]).toEqual([
        name,
        true,
      ]);
  });

  it('contains no secret that production would accept', () => {
    const env = Object.fromEntries(entries.map(([, name, value]) => [name, value]));
    expect(faultySettings(configError({ ...env, NODE_ENV: 'production' }))).toContain('APP_SECRET');
  });
});
