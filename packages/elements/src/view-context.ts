import type { SignInFlow } from './flow.js';
import type { Channel, Method } from './state.js';
import type { Text, TextKey, Values } from './texts.js';

/** What a view needs to know beside the state of the flow. */
export interface ViewContext {
  flow: SignInFlow;
  locale: string;
  direction: 'ltr' | 'rtl';
  methods: Method[];
  channels: Channel[];
  codeLength: number;
  isPasswordVisible: boolean;
  /** From 0 to 1, while a proof of work is solved. */
  progress?: number;
  /** For screen readers. */
  announcement: string;
  togglePassword: () => void;
  signOut: () => void;
  t: (key: TextKey, values?: Values) => string;
}

export function translateText({ t }: ViewContext, { key, values }: Text): string {
  return t(key, values);
}
