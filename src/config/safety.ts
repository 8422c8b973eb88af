import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { OtpPolicies, OtpPolicy } from './otp-policies.js';
import type { DatabaseUrl } from './database-url.js';
import { ProviderConfig } from './providers.js';
import type { PageName, Risk, SettingName, SmsRouteEntry } from './settings.js';
import { matchesStrangers } from './test-identity-ranges.js';
import { isWeakSecret } from './weak-secret.js';

/** One invalid setting. The reason never contains the value. */
export interface SettingFault {
  setting: SettingName;
  reason: string;
}

/** The properties that the rules use. */
type CheckedConfig = ProviderConfig & { publicUrl: string };

/** Checks combinations of settings, and returns all faults. */
export function findFaults(config: CheckedConfig, env: NodeJS.ProcessEnv): SettingFault[] {
  return [
    ...missingCredentials(config),
    ...incompleteOAuth2(config),
    ...unreadableCertificates(config),
    ...unsafeTestIdentities(config),
    ...missingPages(config),
    ...(config.production ? unsafeInProduction(config, env) : []),
  ];
}

/** The settings that a chosen provider requires, in every environment. */
function missingCredentials(config: ProviderConfig): SettingFault[] {
  const twilio = config.usesProvider('twilio') || config.usesProvider('twilio-verify');
  const requirements: [boolean, SettingName, string][] = [
    [config.usesProvider('postmark'), 'POSTMARK_SERVER_TOKEN', 'is required by the provider postmark'],
    [
      config.usesProvider('postmark') || config.usesProvider('smtp'),
      'MAIL_FROM',
      'is required by the providers postmark and smtp',
    ],
    [
      config.POSTMARK_WEBHOOK_PASSWORD !== undefined,
      'POSTMARK_WEBHOOK_USER',
      'is required with POSTMARK_WEBHOOK_PASSWORD',
    ],
    [
      config.POSTMARK_WEBHOOK_USER !== undefined,
      'POSTMARK_WEBHOOK_PASSWORD',
      'is required with POSTMARK_WEBHOOK_USER',
    ],
    [config.usesProvider('smtp'), 'SMTP_URL', 'is required by the provider smtp'],
    [twilio, 'TWILIO_ACCOUNT_SID', 'is required by the provider twilio'],
    [twilio, 'TWILIO_AUTH_TOKEN', 'is required by the provider twilio'],
    [
      config.usesProvider('twilio', 'sms') && !config.TWILIO_MESSAGING_SERVICE_SID,
      'TWILIO_FROM',
      'or TWILIO_MESSAGING_SERVICE_SID is required by the provider twilio',
    ],
    [
      config.usesProvider('twilio', 'whatsapp'),
      'TWILIO_WHATSAPP_FROM',
      'is required by WHATSAPP_PROVIDERS=twilio',
    ],
    [
      config.usesProvider('twilio', 'whatsapp'),
      'TWILIO_WHATSAPP_CONTENT_SID',
      'is required by WHATSAPP_PROVIDERS=twilio',
    ],
    [config.usesProvider('twilio', 'voice'), 'TWILIO_VOICE_FROM', 'is required by VOICE_PROVIDERS=twilio'],
    [
      config.usesProvider('twilio-verify'),
      'TWILIO_VERIFY_SERVICE_SID',
      'is required by the provider twilio-verify',
    ],
    [config.usesProvider('webhook'), 'WEBHOOK_URL', 'is required by the provider webhook'],
    [config.usesProvider('webhook'), 'WEBHOOK_SECRET', 'is required by the provider webhook'],
  ];
  return requirements
    .filter(([chosen, setting]) => chosen && config[setting] === undefined)
    .map(([, setting, reason]) => ({ setting, reason }));
}

/** Messages link to pages of this server, unless a setting names another page. */
function missingPages({ PAGES, RESET_URL, SIGN_IN_URL }: ProviderConfig): SettingFault[] {
  const rules: [PageName, boolean, string][] = [
    ['reset', RESET_URL !== undefined, 'reset mails link to it. To serve your own page, set RESET_URL'],
    [
      'sign-in',
      SIGN_IN_URL !== undefined,
      'sign-in mails link to it. To serve your own page, set SIGN_IN_URL',
    ],
    ['undo', false, 'notices about changes of an account link to it'],
  ];
  return rules
    .filter(([page, isElsewhere]) => PAGES && !PAGES.includes(page) && !isElsewhere)
    .map(([page, , reason]) => ({ setting: 'PAGES', reason: `must list ${page}, because ${reason}` }));
}

const OAUTH2 = [
  'SMTP_OAUTH2_USER',
  'SMTP_OAUTH2_CLIENT_ID',
  'SMTP_OAUTH2_CLIENT_SECRET',
  'SMTP_OAUTH2_REFRESH_TOKEN',
  'SMTP_OAUTH2_TOKEN_URL',
] as const;

function incompleteOAuth2(config: ProviderConfig): SettingFault[] {
  const missing = OAUTH2.filter((setting) => config[setting] === undefined);
  if (missing.length === OAUTH2.length) return [];
  return missing.map((setting) => ({ setting, reason: 'is required with the other SMTP_OAUTH2 settings' }));
}

function unreadableCertificates({ SMTP_CA_FILE: file }: ProviderConfig): SettingFault[] {
  if (file === undefined) return [];
  try {
    const certificates = readFileSync(file, 'utf8').match(/-----BEGIN CERTIFICATE-----.+?-----END[^\n]+/gs);
    for (const certificate of certificates ?? ['']) new X509Certificate(certificate);
    return [];
  } catch {
    return [{ setting: 'SMTP_CA_FILE', reason: 'must be a readable file with certificates in PEM format' }];
  }
}

/** Finds channels whose messages would go to the inbox or could not be sent. */
function inboxInProduction(config: ProviderConfig): [boolean, SettingName, string][] {
  const reason = 'must be a real provider in production';
  const isOfferedWithoutProvider = (channel: 'whatsapp' | 'voice') =>
    config.offersChannel(channel) && config.phoneProviders(channel).length === 0;
  return [
    [
      config.mailProviders.includes('inbox'),
      config.MAIL_PROVIDERS ? 'MAIL_PROVIDERS' : 'MAIL_PROVIDER',
      reason,
    ],
    [
      config.phoneProviders('sms').includes('inbox'),
      config.SMS_PROVIDERS ? 'SMS_PROVIDERS' : 'SMS_PROVIDER',
      reason,
    ],
    [
      Object.values(config.SMS_ROUTES).some((entries) => entries.some(isInbox)),
      'SMS_ROUTES',
      'must list real providers in production',
    ],
    [
      config.phoneProviders('whatsapp').includes('inbox') || isOfferedWithoutProvider('whatsapp'),
      'WHATSAPP_PROVIDERS',
      reason,
    ],
    [
      config.phoneProviders('voice').includes('inbox') || isOfferedWithoutProvider('voice'),
      'VOICE_PROVIDERS',
      reason,
    ],
  ];
}

const isInbox = ({ provider }: SmsRouteEntry) => provider === 'inbox';

/** The longest lifetime of a test identity in production. Renew it while it is needed. */
const MAX_TEST_DAYS = 90;

/**
 * A test code must have the length of the other codes of every purpose, because a test identity works
 * for all of them. In production a test identity must expire.
 */
function unsafeTestIdentities({
  TEST_IDENTITIES = [],
  OTP_LENGTH,
  OTP_POLICIES,
  production,
}: CheckedConfig): SettingFault[] {
  const setting = 'TEST_IDENTITIES';
  if (TEST_IDENTITIES.some(({ code }) => code.length !== OTP_LENGTH))
    return [{ setting, reason: 'must have codes of OTP_LENGTH digits' }];
  const otherLengths = purposesWith(OTP_POLICIES, ({ codeLength = OTP_LENGTH }) => codeLength !== OTP_LENGTH);
  if (TEST_IDENTITIES.length > 0 && otherLengths.length > 0)
    return [
      {
        setting,
        reason: `work for every purpose, so OTP_POLICIES must not set another length than OTP_LENGTH: ${otherLengths.join(', ')}`,
      },
    ];
  const latest = new Date(Date.now() + MAX_TEST_DAYS * 86_400_000);
  if (production && TEST_IDENTITIES.some(({ until }) => !until || until > latest))
    return [
      { setting, reason: `must end within ${MAX_TEST_DAYS} days in production, such as ...@2026-12-31` },
    ];
  if (production && TEST_IDENTITIES.some(({ pattern }) => matchesStrangers(pattern)))
    return [{ setting, reason: 'must not match addresses of a mail provider or real phone numbers' }];
  return [];
}

function purposesWith(policies: OtpPolicies, matches: (policy: OtpPolicy) => boolean): string[] {
  return [...policies].flatMap(([purpose, policy]) => (matches(policy) ? purpose : []));
}

/** Whether a code can be guessed too easily. */
const isGuessable = (codeLength: number, maxAttempts: number) => codeLength < 6 && maxAttempts > 3;

/** Purposes whose own values make their codes easy to guess. */
function guessablePurposes({ OTP_POLICIES, OTP_LENGTH, OTP_MAX_ATTEMPTS }: CheckedConfig): string[] {
  return purposesWith(
    OTP_POLICIES,
    ({ codeLength, maxAttempts }) =>
      (codeLength !== undefined || maxAttempts !== undefined) &&
      isGuessable(codeLength ?? OTP_LENGTH, maxAttempts ?? OTP_MAX_ATTEMPTS),
  );
}

/** Settings that are convenient in development and dangerous in production. */
function unsafeInProduction(config: CheckedConfig, env: NodeJS.ProcessEnv): SettingFault[] {
  const guessable = guessablePurposes(config);
  const rules: [boolean, SettingName, string][] = [
    [
      isGuessable(config.OTP_LENGTH, config.OTP_MAX_ATTEMPTS),
      'OTP_MAX_ATTEMPTS',
      'must be at most 3 in production with OTP_LENGTH below 6',
    ],
    [
      guessable.length > 0,
      'OTP_POLICIES',
      `must allow at most 3 attempts in production with a length below 6: ${guessable.join(', ')}`,
    ],
    [
      config.OTP_PURPOSES?.includes('*') ?? false,
      'OTP_PURPOSES',
      'must list its purposes in production, because each purpose has its own guesses',
    ],
    [isPlainHttp(config.POSTMARK_API_URL), 'POSTMARK_API_URL', PLAIN_HTTP],
    [isPlainHttp(config.SMTP_OAUTH2_TOKEN_URL), 'SMTP_OAUTH2_TOKEN_URL', PLAIN_HTTP],
    [isPlainHttp(config.TWILIO_API_URL), 'TWILIO_API_URL', PLAIN_HTTP],
    [isPlainHttp(config.WEBHOOK_URL), 'WEBHOOK_URL', PLAIN_HTTP],
    [
      !config.DATABASE_URL,
      'DATABASE_URL',
      'is required in production: the embedded database serves one development process',
    ],
    [!config.APP_SECRET, 'APP_SECRET', 'is required in production'],
    ...weakSecrets(config),
    ...equalSecrets(config),
    ...risks(config, env),
    [!config.publicUrl.startsWith('https:'), 'PUBLIC_URL', 'must be an https: URL in production'],
    [isPlainHttp(config.RESET_URL), 'RESET_URL', 'must be an https: URL in production'],
    [isPlainHttp(config.SIGN_IN_URL), 'SIGN_IN_URL', 'must be an https: URL in production'],
    [config.CORS_ORIGINS.includes('*'), 'CORS_ORIGINS', 'must list its origins in production, not *'],
    [
      config.CORS_ORIGINS.some((origin) => origin.startsWith('http:') && isPlainHttp(origin)),
      'CORS_ORIGINS',
      'must list https: origins in production (http: for localhost only), because anybody on the way ' +
        'can change a page that is not encrypted',
    ],
    [
      config.TRUST_PROXY === true,
      'TRUST_PROXY',
      'must list its proxies in production: with true, any client can forge its address',
    ],
    ...inboxInProduction(config),
    [
      config.OTP_EXPOSE_CODE,
      'OTP_EXPOSE_CODE',
      'must be false in production: it returns the code to the caller',
    ],
    [config.BCRYPT_COST < 10, 'BCRYPT_COST', 'must be at least 10 in production'],
    [
      !env.SMS_ALLOWED_COUNTRIES?.trim(),
      'SMS_ALLOWED_COUNTRIES',
      'must be set in production: the countries you send to, or * for all',
    ],
  ];
  return rules.filter(([unsafe]) => unsafe).map(([, setting, reason]) => ({ setting, reason }));
}

const WEAK_SECRET =
  'must be at least 32 random characters, for example the output of: openssl rand -base64 48';

/** Secrets that the operator chooses. */
const OWN_SECRETS = [
  'APP_SECRET',
  'APP_SECRET_PREVIOUS',
  'APP_SECRET_NEXT',
  'METRICS_TOKEN',
  'POSTMARK_WEBHOOK_PASSWORD',
  'WEBHOOK_SECRET',
] as const;
const VENDOR_SECRETS = [
  'POSTMARK_SERVER_TOKEN',
  'SMTP_OAUTH2_CLIENT_SECRET',
  'SMTP_OAUTH2_REFRESH_TOKEN',
  'TWILIO_AUTH_TOKEN',
] as const;

function weakSecrets(config: CheckedConfig): [boolean, SettingName, string][] {
  return OWN_SECRETS.map((setting) => [isWeakSecret(config[setting]), setting, WEAK_SECRET]);
}

/** One leaked secret must not open a second door. */
function equalSecrets(config: CheckedConfig): [boolean, SettingName, string][] {
  const all = [...OWN_SECRETS, ...VENDOR_SECRETS];
  return OWN_SECRETS.flatMap((setting, index) =>
    all
      .slice(index + 1)
      .map((other): [boolean, SettingName, string] => [
        config[setting] !== undefined && config[setting] === config[other],
        other,
        `must differ from ${setting}`,
      ]),
  );
}

/** Risks that production takes only if `ACCEPT_RISKS` names them, so that the choice is visible. */
function risks(config: CheckedConfig, env: NodeJS.ProcessEnv): [boolean, SettingName, string][] {
  const found: [boolean, Risk, SettingName, string][] = [
    [config.IP_RATE_LIMIT === 0, 'no-ip-limit', 'IP_RATE_LIMIT', 'must limit requests in production'],
    [
      config.OTP_RESEND_SECONDS === 0,
      'no-resend-wait',
      'OTP_RESEND_SECONDS',
      'must set a wait between messages in production',
    ],
    [
      config.REDIS_URL !== undefined && isPlaintext(config.REDIS_URL, 'redis:'),
      'plaintext-redis',
      'REDIS_URL',
      'must start with rediss:// in production, unless Redis runs on this machine',
    ],
    [
      config.DATABASE_URL !== undefined && isPlaintextDatabase(config.DATABASE_URL, env),
      'plaintext-database',
      'DATABASE_URL',
      'must end with ?sslmode=verify-full (or verify-ca, require) in production, unless the database ' +
        'runs on this machine',
    ],
  ];
  return found.map(([isTaken, risk, setting, reason]) => [
    isTaken && !config.ACCEPT_RISKS.includes(risk),
    setting,
    `${reason}. To accept the risk, add ${risk} to ACCEPT_RISKS`,
  ]);
}

/** `allow` and `prefer` fall back to a connection without TLS. */
const PLAINTEXT_MODES = new Set<string | undefined>([undefined, '', 'disable', 'allow', 'prefer']);

/** The driver reads what the URL leaves out from the environment. */
function isPlaintextDatabase(
  { host, sslMode, sslRootCert }: DatabaseUrl,
  { PGHOST, PGSSLMODE }: NodeJS.ProcessEnv,
): boolean {
  const server = host ?? PGHOST ?? 'localhost';
  const isLocal = server.startsWith('/') || isLoopback(server);
  const mode = sslMode ?? (sslRootCert ? 'verify-full' : PGSSLMODE);
  return !isLocal && PLAINTEXT_MODES.has(mode);
}

const PLAIN_HTTP =
  'must be an https: URL in production, because codes and credentials are sent to it (http: on this machine only)';

function isPlainHttp(url: string | undefined): boolean {
  return url !== undefined && isPlaintext(url, 'http:');
}

/** True for a URL of another machine with the protocol that does not encrypt. */
function isPlaintext(url: string, plainProtocol: string): boolean {
  const { protocol, hostname } = new URL(url.replace('*.', ''));
  return protocol === plainProtocol && !isLoopback(hostname);
}

function isLoopback(host: string): boolean {
  const name = host.replace(/^\[(.*)\]$/, '$1');
  return /^(.+\.)?localhost$/.test(name) || /^127(\.\d{1,3}){3}$/.test(name) || name === '::1';
}
