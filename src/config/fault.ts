import type { SettingName } from './settings.js';

/** One refused setting. The reason never holds the value. */
export interface Fault {
  setting: SettingName;
  reason: string;
}
