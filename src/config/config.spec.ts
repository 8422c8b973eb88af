import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { Config, ConfigError } from './config.js';
import { settings } from './settings.js';

const SECRET = 'Zm9yIHRlc3RzIG9ubHksIG1hZGUgYnkgaGFuZCA0Mg==';

/** A production that nothing is wrong with. */
const SAFE = {
  NODE_ENV: 'production',
  PUBLIC_URL: 'https://auth.acme.test',
  DATABASE_URL: 'postgres://otp:pw@db.acme.test:5432/otp',
  APP_SECRET: SECRET,
  SMS_ALLOWED_COUNTRIES: 'IN,US',
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

const OTHERS = {
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

function refusal(env: NodeJS.ProcessEnv): string {
  try {
    Config.from(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  throw new Error('the configuration was accepted');
}

/** The settings that a refusal names, one a line after the first. */
function named(message: string): string[] {
  return message
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(' ')[0] ?? '');
}

describe('the configuration', () => {
  it('needs no setting in development', () => {
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

  it('takes an empty or blank value for an absent one', () => {
    const blank = Object.fromEntries(Object.keys(settings).map((name) => [name, ' ']));
    expect(Config.from(blank)).toEqual(Config.from({}));
  });

  it('accepts a safe production (C1)', () => {
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
    { SMS_ALLOWED_COUNTRIES: '*' },
    { APP_SECRET_PREVIOUS: [...SECRET].reverse().join('') },
    { TWILIO_FROM: '', TWILIO_MESSAGING_SERVICE_SID: 'MG0123456789abcdef0123456789abcdef' },
    { TWILIO_API_URL: 'http://127.0.0.1:9911', POSTMARK_API_URL: 'https://proxy.acme.test' },
    { OTP_LENGTH: '4', OTP_MAX_ATTEMPTS: '3' },
    { TEST_IDENTITIES: `review@acme.test=123456@${inDays(80)}, +1555555*=000000@${inDays(-30)}` },
    { BCRYPT_COST: '12', OTP_LENGTH: '8', OTP_TTL_SECONDS: '600' },
    OTHERS,
  ])('accepts a safe production with %j', (more) => {
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
    ['APP_SECRET_PREVIOUS', 'short', { APP_SECRET_PREVIOUS: 'hunter2hunter2' }],
    [
      'POSTMARK_WEBHOOK_PASSWORD',
      'short',
      { POSTMARK_WEBHOOK_USER: 'postmark', POSTMARK_WEBHOOK_PASSWORD: 'hunter2hunter2' },
    ],
    ['METRICS_TOKEN', 'short', { METRICS_TOKEN: 'hunter2hunter2' }],
    ['PUBLIC_URL', 'missing', { PUBLIC_URL: undefined }],
    ['PUBLIC_URL', 'http', { PUBLIC_URL: 'http://auth.acme.test' }],
    ['CORS_ORIGINS', '*', { CORS_ORIGINS: '*' }],
    ['CORS_ORIGINS', '* among others', { CORS_ORIGINS: 'https://app.acme.test,*' }],
    ['DATABASE_URL', 'missing', { DATABASE_URL: undefined }],
    ['TRUST_PROXY', 'true', { TRUST_PROXY: 'true' }],
    ['TRUST_PROXY', 'every IPv4 address', { TRUST_PROXY: '0.0.0.0/0' }],
    ['TRUST_PROXY', 'every IPv6 address', { TRUST_PROXY: '10.0.0.0/8,::/0' }],
    ['TRUST_PROXY', 'a number of hops', { TRUST_PROXY: '1' }],
    ['MAIL_PROVIDER', 'the inbox', { MAIL_PROVIDER: 'inbox' }],
    ['MAIL_PROVIDER', 'missing', { MAIL_PROVIDER: undefined }],
    ['SMS_PROVIDER', 'the inbox', { SMS_PROVIDER: 'inbox' }],
    ['SMS_PROVIDER', 'missing', { SMS_PROVIDER: undefined }],
    ['MAIL_PROVIDERS', 'the inbox among others', { MAIL_PROVIDERS: 'postmark,inbox' }],
    ['SMS_PROVIDERS', 'the inbox among others', { SMS_PROVIDERS: 'twilio,inbox' }],
    ['SMS_ROUTES', 'the inbox for a country', { SMS_ROUTES: 'IN:twilio,inbox' }],
    ['WHATSAPP_PROVIDERS', 'the inbox', { WHATSAPP_PROVIDERS: 'inbox' }],
    ['WHATSAPP_PROVIDERS', 'missing', { OTP_CHANNELS: 'sms,email,login:whatsapp' }],
    ['VOICE_PROVIDERS', 'missing', { OTP_CHANNELS: 'sms,email,voice' }],
    [
      'WEBHOOK_URL',
      'plain http',
      { SMS_PROVIDER: 'webhook', ...WEBHOOK, WEBHOOK_URL: 'http://10.0.0.5/send' },
    ],
    ['SMS_ALLOWED_COUNTRIES', 'missing', { SMS_ALLOWED_COUNTRIES: undefined }],
    ['SMS_ALLOWED_COUNTRIES', 'blank', { SMS_ALLOWED_COUNTRIES: '  ' }],
    ['OTP_EXPOSE_CODE', 'on', { OTP_EXPOSE_CODE: 'true' }],
    ['BCRYPT_COST', 'weak', { BCRYPT_COST: '9' }],
    ['OTP_PURPOSES', 'any name', { OTP_PURPOSES: '*' }],
    ['TEST_IDENTITIES', 'without an end', { TEST_IDENTITIES: 'review@acme.test=123456' }],
    ['TEST_IDENTITIES', 'for long', { TEST_IDENTITIES: `review@acme.test=123456@${inDays(95)}` }],
    ['OTP_MAX_ATTEMPTS', 'many for a short code', { OTP_LENGTH: '4', OTP_MAX_ATTEMPTS: '4' }],
    ['POSTMARK_API_URL', 'plain http', { POSTMARK_API_URL: 'http://proxy.acme.test' }],
    ['TWILIO_API_URL', 'plain http', { TWILIO_API_URL: 'http://10.0.0.5:9911' }],
  ])('refuses a production whose %s is unsafe: %s (C1)', (setting, _, unsafe) => {
    const message = refusal({ ...SAFE, ...unsafe });
    expect(named(message)).toContain(setting);
    expect(new Set(named(message)).size).toBe(1);
    const value = unsafe[setting];
    if (value && value.length > 8) expect(message).not.toContain(value);
  });

  it.each<[string, string[]]>([
    ['OTP_LENGTH', ['3', '11', '6.5', '-6', '06e0', 'six', '0x6']],
    ['OTP_TTL_SECONDS', ['601', '29', '86400', 'NaN']],
    ['OTP_RESEND_SECONDS', ['-1', '601']],
    ['OTP_MAX_ATTEMPTS', ['0', '11']],
    ['OTP_EXPOSE_CODE', ['yes', '1', 'TRUE']],
    ['OTP_PURPOSES', ['My Own', 'a-b', 'x'.repeat(33), '1st']],
    ['PORT', ['65536', '-1', 'http']],
    ['NODE_ENV', ['prod', 'Production']],
    ['LOG_LEVEL', ['verbose', 'trace']],
    ['PUBLIC_URL', ['auth.acme.test', 'ftp://auth.acme.test', 'javascript:alert(1)']],
    ['TRUST_PROXY', ['1', 'yes', 'proxy.acme.test', '10.0.0.0/33', '::1/129', '10.0.0.0/8/8', '10.1.0.0/']],
    ['CORS_ORIGINS', ['app.acme.test', 'https://app.acme.test/', 'https://app.acme.test/path', 'null']],
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
    ['SMS_ALLOWED_COUNTRIES', ['IN,XX', '+91', 'IN;US']],
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
    ['TWILIO_WHATSAPP_FROM', ['Acme', '4155550101']],
    ['TWILIO_WHATSAPP_CONTENT_SID', ['MG0123456789abcdef0123456789abcdef']],
    ['TWILIO_VOICE_FROM', ['Acme']],
    ['TWILIO_VERIFY_SERVICE_SID', ['AC0123456789abcdef0123456789abcdef']],
    ['WEBHOOK_SECRET', ['hunter2hunter2', 'whsec_hunter2']],
    ['TWILIO_ACCOUNT_SID', ['SK0123456789abcdef0123456789abcdef']],
    ['TWILIO_MESSAGING_SERVICE_SID', ['AC0123456789abcdef0123456789abcdef']],
    ['POSTMARK_API_URL', ['api.acme.test']],
    ['TWILIO_API_URL', ['file:///etc/passwd']],
  ])('refuses everywhere a %s that means nothing or too much: %j (N1, N2, C1)', (setting, values) => {
    for (const value of values) {
      const message = refusal({ [setting]: value });
      expect(named(message)).toEqual([setting]);
      if (value.length > 8) expect(message).not.toContain(value);
    }
  });

  it('names every fault in one message, and no value (C1)', () => {
    const message = refusal({
      ...SAFE,
      APP_SECRET: 'hunter2hunter2',
      PUBLIC_URL: 'http://auth.acme.test',
      CORS_ORIGINS: '*',
      OTP_LENGTH: '3',
      MAIL_PROVIDER: 'inbox',
      DATABASE_URL: 'mysql://root:hunter3hunter3@db/otp',
    });
    expect(named(message)).toEqual(
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
  ])('refuses a provider without its %s, in every environment', (setting, env) => {
    for (const NODE_ENV of ['development', 'test'])
      expect(named(refusal({ NODE_ENV, ...env }))).toEqual([setting]);
    expect(named(refusal({ ...SAFE, [setting]: undefined }))).toEqual([setting]);
  });

  it.each([
    'SMTP_URL',
    'WEBHOOK_URL',
    'WEBHOOK_SECRET',
    'TWILIO_VERIFY_SERVICE_SID',
    'TWILIO_WHATSAPP_FROM',
    'TWILIO_WHATSAPP_CONTENT_SID',
    'TWILIO_VOICE_FROM',
  ])('refuses what the further providers cannot work without: %s', (setting) => {
    expect(named(refusal({ ...SAFE, ...OTHERS, [setting]: undefined }))).toEqual([setting]);
  });

  it('prefers the list of providers, and refuses by name what a route names and nobody knows', () => {
    const config = Config.from({ ...SAFE, ...OTHERS });
    expect(config.mailProviders).toEqual(['postmark', 'smtp', 'webhook']);
    expect(config.phoneProviders('sms')).toEqual(['twilio-verify', 'twilio', 'webhook']);
    expect(Config.from(SAFE).phoneProviders('sms')).toEqual(['twilio']);
    expect(Config.from(SAFE).phoneProviders('voice')).toEqual([]);
    expect(config.SMS_ROUTES.IN).toEqual([{ provider: 'twilio', sender: 'ACMEIN' }, { provider: 'webhook' }]);
    expect(refusal({ SMS_ROUTES: 'IN:nexmo' })).toContain('nexmo');
    expect(refusal({ SMS_ROUTES: 'XX:inbox' })).toContain('XX');
  });

  it('offers sms and email, and for a purpose with a list of its own only that (P3)', () => {
    expect(Config.from({}).channelsFor('login')).toEqual(['sms', 'email']);
    const { OTP_CHANNELS } = OTHERS;
    const config = Config.from({ OTP_CHANNELS });
    expect(config.channelsFor('verification')).toEqual(['sms', 'email']);
    expect(config.channelsFor('login')).toEqual(['whatsapp']);
    expect(config.channelsFor('constructor')).toEqual(['sms', 'email']);
    expect(config.phoneProviders('whatsapp')).toEqual(['inbox']);
    expect(Config.from({ OTP_CHANNELS: 'login:whatsapp' }).channelsFor('verification')).toEqual([
      'sms',
      'email',
    ]);
  });

  it('cannot be changed once it is read', () => {
    const config = Config.from({});
    expect(() => Object.assign(config, { OTP_EXPOSE_CODE: true })).toThrow(TypeError);
  });
});

describe('.env.example', () => {
  const text = readFileSync('.env.example', 'utf8');
  const given = [...text.matchAll(/^(?:# ?)?([A-Z][A-Z0-9_]*)=(.*)$/gm)];

  it('names exactly the settings there are, each once', () => {
    expect(given.map(([, name]) => name).sort()).toEqual(Object.keys(settings).sort());
  });

  it('loads as it stands and gives the defaults', () => {
    expect(Config.from(parseEnv(text) as NodeJS.ProcessEnv)).toEqual(Config.from({}));
  });

  it('shows in its comments values that are accepted', () => {
    for (const [, name = '', value = ''] of given)
      expect([name, settings[name as keyof typeof settings].safeParse(value || undefined).success]).toEqual([
        name,
        true,
      ]);
  });

  it('holds no secret that production would accept (C1)', () => {
    const env = Object.fromEntries(given.map(([, name, value]) => [name, value]));
    expect(named(refusal({ ...env, NODE_ENV: 'production' }))).toContain('APP_SECRET');
  });
});
