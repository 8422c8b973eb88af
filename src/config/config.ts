import type { Fault } from './fault.js';
import { ProviderConfig } from './provider-config.js';
import { inboxInProduction, missingCredentials } from './provider-rules.js';
import { settings, type SettingName } from './settings.js';

export class ConfigError extends Error {
  constructor(faults: Fault[]) {
    super(
      `The configuration is refused:\n${faults.map((fault) => `  ${fault.setting} ${fault.reason}`).join('\n')}`,
    );
    this.name = 'ConfigError';
  }
}

/** The settings, read and checked once, each under its own name. Inject it where one is needed. */
export class Config extends ProviderConfig {
  /** Reads an environment. An empty value counts as absent. Throws one `ConfigError` that names every fault. */
  static from(env: NodeJS.ProcessEnv): Config {
    const faults: Fault[] = [];
    const values: Record<string, unknown> = {};
    for (const [name, schema] of Object.entries(settings)) {
      const parsed = schema.safeParse(env[name]?.trim() || undefined);
      // A refused value counts as absent, so that the rules below can look at the others.
      values[name] = (parsed.success ? parsed : schema.safeParse(undefined)).data;
      if (!parsed.success)
        faults.push({
          setting: name as SettingName,
          reason: parsed.error.issues[0]?.message ?? 'is not valid',
        });
    }
    const config = Object.assign(new Config(), values);
    faults.push(...missingCredentials(config), ...unsafeTestIdentities(config));
    if (config.NODE_ENV === 'production') faults.push(...unsafeInProduction(config, env));
    if (faults.length > 0) throw new ConfigError(faults);
    return Object.freeze(config);
  }

  get production(): boolean {
    return this.NODE_ENV === 'production';
  }

  /** Development listens on this machine only, for its inbox shows every code. */
  get host(): string {
    return this.HOST ?? (this.production ? '0.0.0.0' : '127.0.0.1');
  }

  /** Where clients find this server; every link and every token's issuer comes from it, never from a header. */
  get publicUrl(): string {
    return this.PUBLIC_URL?.replace(/\/+$/, '') ?? `http://localhost:${this.PORT}`;
  }

  get audience(): string {
    return this.TOKEN_AUDIENCE ?? this.publicUrl;
  }
}

/** How far ahead the end of a test identity may lie in production: it is renewed by somebody who still needs it. */
const MAX_TEST_DAYS = 90;

/** A known code must look like any other, and in front of real people it must have an end. */
function unsafeTestIdentities({ TEST_IDENTITIES = [], OTP_LENGTH, production }: Config): Fault[] {
  const setting = 'TEST_IDENTITIES';
  if (TEST_IDENTITIES.some(({ code }) => code.length !== OTP_LENGTH))
    return [{ setting, reason: 'must have codes of OTP_LENGTH digits' }];
  const latest = new Date(Date.now() + MAX_TEST_DAYS * 86_400_000);
  if (production && TEST_IDENTITIES.some(({ until }) => !until || until > latest))
    return [{ setting, reason: `must end within ${MAX_TEST_DAYS} days in production, such as …@2026-12-31` }];
  return [];
}

/** What would be convenient in development and dangerous in front of real people. */
function unsafeInProduction(config: Config, env: NodeJS.ProcessEnv): Fault[] {
  const rules: [boolean, SettingName, string][] = [
    [
      config.OTP_LENGTH < 6 && config.OTP_MAX_ATTEMPTS > 3,
      'OTP_MAX_ATTEMPTS',
      'must be at most 3 in production with OTP_LENGTH below 6',
    ],
    [
      config.OTP_PURPOSES?.includes('*') ?? false,
      'OTP_PURPOSES',
      'must name its purposes in production, for each has guesses of its own',
    ],
    [isPlainHttp(config.POSTMARK_API_URL), 'POSTMARK_API_URL', PLAIN_HTTP],
    [isPlainHttp(config.TWILIO_API_URL), 'TWILIO_API_URL', PLAIN_HTTP],
    [isPlainHttp(config.WEBHOOK_URL), 'WEBHOOK_URL', PLAIN_HTTP],
    [
      !config.DATABASE_URL,
      'DATABASE_URL',
      'is needed in production: the embedded database is for one development process',
    ],
    [!config.APP_SECRET, 'APP_SECRET', 'is needed in production'],
    [isWeakSecret(config.APP_SECRET), 'APP_SECRET', WEAK_SECRET],
    [isWeakSecret(config.APP_SECRET_PREVIOUS), 'APP_SECRET_PREVIOUS', WEAK_SECRET],
    [isWeakSecret(config.METRICS_TOKEN), 'METRICS_TOKEN', WEAK_SECRET],
    [isWeakSecret(config.POSTMARK_WEBHOOK_PASSWORD), 'POSTMARK_WEBHOOK_PASSWORD', WEAK_SECRET],
    [!config.publicUrl.startsWith('https:'), 'PUBLIC_URL', 'must be an https: URL in production'],
    [isPlainHttp(config.RESET_URL), 'RESET_URL', 'must be an https: URL in production'],
    [config.CORS_ORIGINS?.includes('*'), 'CORS_ORIGINS', 'must name its origins in production, not *'],
    [
      config.TRUST_PROXY === true,
      'TRUST_PROXY',
      'must name its proxies in production: with true anyone can forge an address',
    ],
    ...inboxInProduction(config),
    [config.OTP_EXPOSE_CODE, 'OTP_EXPOSE_CODE', 'must be off in production: it puts the code into the reply'],
    [config.BCRYPT_COST < 10, 'BCRYPT_COST', 'must be at least 10 in production'],
    [
      !env.SMS_ALLOWED_COUNTRIES?.trim(),
      'SMS_ALLOWED_COUNTRIES',
      'must be said in production: the countries you send to, or * for all',
    ],
  ];
  return rules.filter(([unsafe]) => unsafe).map(([, setting, reason]) => ({ setting, reason }));
}

const WEAK_SECRET =
  'must be at least 32 random characters, for example the output of: openssl rand -base64 48';

/** Short, of few different characters, or a text out of somebody's example. */
function isWeakSecret(value: string | undefined): boolean {
  if (value === undefined) return false;
  return (
    value.length < 32 ||
    new Set(value).size < 10 ||
    /change.?me|example|secret|passw|default|your[-_ ]/i.test(value)
  );
}

const PLAIN_HTTP =
  'must be an https: URL in production, for codes and credentials travel there (http: on this machine only)';

function isPlainHttp(url: string | undefined): boolean {
  if (url === undefined) return false;
  const { protocol, hostname } = new URL(url);
  return protocol === 'http:' && !['localhost', '127.0.0.1', '[::1]'].includes(hostname);
}
