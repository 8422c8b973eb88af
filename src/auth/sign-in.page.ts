import { markup } from '../http/html-page.js';
import { standalonePage } from '../http/standalone-page.js';

export const SIGN_IN_SCRIPT = `
  function describe({ user, undoToken }) {
    if (user)
      return show('good', 'You are signed in as ' + user.email + ', on this page only. The link and its code are used up: '
        + 'to sign in to an app or another page, request a new code there.');
    if (!undoToken)
      return show('good', 'Your address is confirmed, but no account has it. Please register where you wanted to sign in.');
    const undo = document.createElement('a');
    undo.href = 'undo#token=' + undoToken;
    undo.textContent = 'open this page';
    show('good', 'Your address is confirmed. It belonged to an account until recently. To give it back to that account, ',
      undo, ', then sign in again.');
  }

  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const code = await send('POST', 'auth/link', {}, describe);
    if (code === 'sign_in_link_invalid') result.append(' Please request a new one where you sign in.');
  });
`;

/**
 * The page that the link of a sign-in mail opens, for applications without a page of their own
 * (`SIGN_IN_URL`). Nobody else gets the tokens, so the page says before and after the sign-in that an
 * application that waits for the code needs the code.
 */
export function signInPage(): string {
  return standalonePage(
    'Sign in',
    markup`<form hidden>
<p>Press the button to sign in on this page.</p>
<p>Does an app or another page wait for your code? Then enter the code from the mail there instead. The
button uses up that code, too.</p>
<button>Sign in</button>
</form>`,
    SIGN_IN_SCRIPT,
  );
}
