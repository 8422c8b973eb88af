import { OtpCodeInput } from './code-input.js';
import type { OtpSignInEvents } from './events.js';
import { OtpSignIn } from './sign-in.js';

export { OtpCodeInput, OtpSignIn };
export type { OtpSignInEvents } from './events.js';

// A page may load this file twice, for example in two versions. The first one counts.
if (!customElements.get('otp-code-input')) customElements.define('otp-code-input', OtpCodeInput);
if (!customElements.get('otp-sign-in')) customElements.define('otp-sign-in', OtpSignIn);

declare global {
  interface HTMLElementTagNameMap {
    'otp-code-input': OtpCodeInput;
    'otp-sign-in': OtpSignIn;
  }
  /** The events of the elements, for `addEventListener`. */
  interface HTMLElementEventMap {
    'signed-in': OtpSignInEvents['signed-in'];
    'signed-out': OtpSignInEvents['signed-out'];
    'challenge-sent': OtpSignInEvents['challenge-sent'];
    problem: OtpSignInEvents['problem'];
    complete: OtpSignInEvents['complete'];
  }
}
