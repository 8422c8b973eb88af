import { markup } from '../http/html-page.js';
import { standalonePage } from '../http/standalone-page.js';

export const RESET_SCRIPT = `
  const password = document.getElementById('password');
  const showPassword = document.getElementById('show-password');
  const reveal = (visible) => (password.type = visible ? 'text' : 'password');
  showPassword.addEventListener('change', () => reveal(showPassword.checked));

  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    // As a password field, so that the browser offers to save the password and keeps no history of
    // it.
    reveal(false);
    password.setAttribute('aria-invalid', 'false');
    const done = () => show('good',
      'Your password was changed and all devices were signed out. You can sign in with the new password now.');
    const code = await send('PATCH', 'auth/reset', { password: password.value }, done);
    reveal(showPassword.checked);
    if (code === 'password_refused') {
      password.setAttribute('aria-invalid', 'true');
      password.focus();
    }
    if (code === 'reset_link_invalid') result.append(' Please request a new one where you sign in.');
    if (form.hidden) password.value = '';
  });
`;

/**
 * The page that the link of a reset mail opens. The field has no maximum length, because a browser
 * would silently cut off a longer password. The server checks the length.
 */
export function resetPage(minLength: number): string {
  return standalonePage(
    'Choose a new password',
    markup`<form hidden>
<label for="password">New password</label>
<input id="password" class="field" type="password" autocomplete="new-password" autocapitalize="none" spellcheck="false"
  required minlength="${minLength}" aria-describedby="hint result">
<p id="hint" class="hint">At least ${minLength} characters. A few unrelated words make a good password.</p>
<label class="choice"><input id="show-password" type="checkbox" autocomplete="off"> Show password</label>
<button>Change password</button>
</form>`,
    RESET_SCRIPT,
  );
}
