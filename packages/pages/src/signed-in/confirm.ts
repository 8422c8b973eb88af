import { html, render } from 'lit';

export interface Question {
  title: string;
  text: string;
  /** The name of the act. */
  confirm: string;
  cancel: string;
}

/** Asks before an act that cannot be taken back at once. Escape and "cancel" mean no. */
export function confirmAct({ title, text, confirm, cancel }: Question): Promise<boolean> {
  const dialog = document.createElement('dialog');
  dialog.setAttribute('aria-labelledby', 'confirm-title');
  document.body.append(dialog);
  render(
    html`
      <h2 id="confirm-title">${title}</h2>
      <p>${text}</p>
      <div class="buttons">
        <button class="small secondary" autofocus @click=${() => dialog.close()}>${cancel}</button>
        <button class="small danger" @click=${() => dialog.close('yes')}>${confirm}</button>
      </div>
    `,
    dialog,
  );
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(dialog.returnValue === 'yes');
    });
  });
}
