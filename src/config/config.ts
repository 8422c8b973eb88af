import { ProviderConfig } from './providers.js';
import { findFaults, type SettingFault } from './safety.js';
import { settings, type SettingName } from './settings.js';

export class ConfigError extends Error {
  constructor(faults: SettingFault[]) {
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
    const faults: SettingFault[] = [];
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
    faults.push(...findFaults(config, env));
    if (faults.length > 0) throw new ConfigError(faults);
    return Object.freeze(config);
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
