import { misspeltSettings, type MisspeltSetting } from './misspelt-settings.js';
import { ProviderConfig } from './providers.js';
import { findFaults, type SettingFault } from './safety.js';
import { LINKED_PAGES, PAGES, settings, type PageName, type SettingName } from './settings.js';

export class ConfigError extends Error {
  constructor(faults: SettingFault[], misspelt: MisspeltSetting[]) {
    const lines = [
      'The configuration is invalid:',
      ...faults.map(({ setting, reason }) => `  ${setting} ${reason}`),
      ...misspelt.map(({ name, meant }) => `  ${name} is not a setting. Did you mean ${meant}?`),
    ];
    super(lines.join('\n'));
    this.name = 'ConfigError';
  }
}

/** The settings, read and validated once at the start. */
export class Config extends ProviderConfig {
  /**
   * Reads the environment. Empty values count as absent. Throws one `ConfigError` that lists every
   * fault.
   */
  static from(env: NodeJS.ProcessEnv): Config {
    const faults: SettingFault[] = [];
    const values: Record<string, unknown> = {};
    for (const [name, schema] of Object.entries(settings)) {
      const parsed = schema.safeParse(env[name]?.trim() || undefined);
      // An invalid value counts as absent, so that the rules below can check the other settings.
      values[name] = (parsed.success ? parsed : schema.safeParse(undefined)).data;
      if (!parsed.success)
        faults.push({
          setting: name as SettingName,
          reason: parsed.error.issues[0]?.message ?? 'is not valid',
        });
    }
    const config = Object.assign(new Config(), values);
    faults.push(...findFaults(config, env));
    if (faults.length > 0) throw new ConfigError(faults, misspeltSettings(env));
    return Object.freeze(config);
  }

  /** Development listens on this machine only, because the inbox shows every code. */
  get host(): string {
    return this.HOST ?? (this.production ? '0.0.0.0' : '127.0.0.1');
  }

  /** The public URL. All links and the issuer of tokens use it. They never use a request header. */
  get publicUrl(): string {
    return this.PUBLIC_URL?.replace(/\/+$/, '') ?? `http://localhost:${this.PORT}`;
  }

  /** The page for a new password, which the links of reset and invitation mails open. */
  get resetUrl(): string {
    return this.RESET_URL ?? `${this.publicUrl}/reset`;
  }

  /** The pages for people that this server serves. */
  get pages(): PageName[] {
    return this.PAGES ?? [...(this.production ? LINKED_PAGES : PAGES)];
  }

  /** The page that the links of sign-in mails open. */
  get signInUrl(): string {
    return this.SIGN_IN_URL ?? `${this.publicUrl}/sign-in`;
  }

  /**
   * Every purpose has its own daily guesses, so production accepts configured purposes only.
   * Otherwise a client could make up purposes to get more guesses. Development accepts any purpose.
   */
  allowsCustomPurpose(purpose: string): boolean {
    const custom = this.OTP_PURPOSES ?? (this.production ? [] : ['*']);
    return custom.includes('*') || custom.includes(purpose);
  }

  get fraudMode(): 'observe' | 'enforce' {
    return this.FRAUD_MODE ?? (this.production ? 'enforce' : 'observe');
  }

  get audience(): string {
    return this.TOKEN_AUDIENCE ?? this.publicUrl;
  }
}
