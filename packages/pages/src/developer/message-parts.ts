import { html, type TemplateResult } from 'lit';

/**
 * The code in a message: in a mail on a line of its own, in an SMS after the `#` of the last line, or
 * else the first number that is as long as a code.
 */
export function codeIn(text: string): string | undefined {
  const [, code] =
    /^\s*(\d{4,10})\s*$/m.exec(text) ??
    /#(\d{4,10})\s*$/.exec(text) ??
    /(?<![\d+•*])(\d{4,10})(?!\d)/.exec(text) ??
    [];
  return code;
}

const LINK = /https?:\/\/[^\s<>"]+/g;

export function linkIn(text: string): string | undefined {
  return text.match(LINK)?.[0];
}

/** The text with links that open in a new tab. */
export function withLinks(text: string): TemplateResult {
  const links = text.match(LINK) ?? [];
  return html`${text.split(LINK).map((part, index) => {
    const link = links[index];
    return link ? html`${part}<a href=${link} target="_blank" rel="noopener">${link}</a>` : part;
  })}`;
}

/** Adds to the policy of the page, which the frame inherits. Links open in a new tab. */
const FRAME_HEAD =
  `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">` +
  '<base target="_blank">';

/**
 * The HTML of a mail in a frame that runs no script and loads nothing. Without scripts,
 * `allow-same-origin` only lets this page read the height.
 */
export function mailFrame(mail: string, title: string): TemplateResult {
  const hasHead = mail.includes('<head>');
  const content = hasHead ? mail.replace('<head>', `<head>${FRAME_HEAD}`) : FRAME_HEAD + mail;
  return html`<iframe
    class="mail-html"
    sandbox="allow-same-origin allow-popups allow-popups-to-escape-sandbox"
    title=${title}
    .srcdoc=${content}
    @load=${fitHeight}
  ></iframe>`;
}

function fitHeight({ target }: Event): void {
  const frame = target as HTMLIFrameElement;
  const root = frame.contentDocument?.documentElement;
  if (root) frame.style.height = `${root.scrollHeight + 2}px`;
}
