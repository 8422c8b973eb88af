import { html, nothing, render, type TemplateResult } from 'lit';

export interface Question {
  title: string;
  text: string;
  /** The name of the act. */
  confirm: string;
  cancel: string;
}

/** Asks before an act that cannot be taken back at once. Escape and "cancel" mean no. */
export async function confirmAct(question: Question): Promise<boolean> {
  return (await ask(question)) !== null;
}

/** Asks in the same way, and offers a variant of the act as a checkbox. Returns null for no. */
export async function confirmWithOption(
  question: Question,
  option: string,
): Promise<{ isChosen: boolean } | null> {
  const dialog = await ask(
    question,
    html`<label class="choice"><input type="checkbox" autocomplete="off" />${option}</label>`,
  );
  return dialog && { isChosen: dialog.querySelector('input')?.checked ?? false };
}

/** Returns the closed dialog, or null if the answer is no. */
function ask(
  { title, text, confirm, cancel }: Question,
  option: TemplateResult | typeof nothing = nothing,
): Promise<HTMLDialogElement | null> {
  const dialog = document.createElement('dialog');
  dialog.setAttribute('aria-labelledby', 'confirm-title');
  document.body.append(dialog);
  render(
    html`
      <h2 id="confirm-title">${title}</h2>
      <p>${text}</p>
      ${option}
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
      resolve(dialog.returnValue === 'yes' ? dialog : null);
    });
  });
}
