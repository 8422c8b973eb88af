import { markup } from '../http/html-page.js';
import { standalonePage } from '../http/standalone-page.js';

export const UNDO_SCRIPT = `
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const done = () => show('good', 'The change was undone. Please sign in with a code now and set a new password.');
    void send('POST', 'users/contact/undo', {}, done);
  });
`;

export const UNDO_DELETION_SCRIPT = `
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const done = () => show('good', 'The deletion was undone. You can sign in again.');
    void send('POST', 'users/deletion/undo', {}, done);
  });
`;

/** The page that the link in a notice about a contact change opens. */
export function undoPage(): string {
  return standalonePage(
    'Undo a change',
    markup`<form hidden>
<p>The e-mail address or phone number of your account was changed. If it was not you, undo it here:</p>
<ul>
<li>Your account gets its former address or number back.</li>
<li>Its password is removed.</li>
<li>All devices are signed out.</li>
</ul>
<p>Then sign in with a code and set a new password. If you made the change yourself, just close this page.</p>
<button>Undo the change</button>
</form>`,
    UNDO_SCRIPT,
  );
}

/** The page that the link in a notice about a deleted account opens. */
export function undoDeletionPage(): string {
  return standalonePage(
    'Keep your account',
    markup`<form hidden>
<p>Your account was deleted, and its data will soon be erased. To keep it, undo the deletion here.</p>
<p>Then sign in as before. If somebody else deleted it, also set a new password.</p>
<button>Undo the deletion</button>
</form>`,
    UNDO_DELETION_SCRIPT,
  );
}
