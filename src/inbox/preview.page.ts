import { LOCALES, type Locale } from '../common/locale.js';
import { htmlPage, markup, type Markup } from '../http/html-page.js';

const STYLE = `
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 720px; margin: 32px auto; padding: 0 16px }
  th { text-align: start; font-weight: 600; padding-inline-end: 16px }
  pre { font: inherit; white-space: pre-wrap; overflow-wrap: anywhere; border: 1px solid #8886; padding: 16px }
  iframe { width: 100%; height: 480px; border: 1px solid #8886 }
`;

export interface Preview {
  subject: string;
  text: string;
  html: string;
  sms?: { text: string; encoding: string; length: number; segments: number };
}

/** Links to every message in every language. Relative, for proxies that serve it below a prefix. */
export function previewList(messages: string[]): string {
  return page(markup`<h1>Messages</h1>
<table>
${messages.map(
  (message) => markup`<tr>
<th>${message}</th>
<td>${LOCALES.map((locale) => markup`<a href="preview/${message}/${locale}">${locale}</a> `)}</td>
</tr>
`,
)}</table>`);
}

/** The examples of one message in all their forms. */
export function previewPage(message: string, locale: Locale, previews: Preview[]): string {
  return page(markup`<p><a href="../../preview">All messages</a></p>
<h1>${message}, ${locale}</h1>
${previews.map(example)}`);
}

/**
 * The sandboxed frame runs no script. It inherits the content security policy of the page, so it
 * loads nothing from other servers.
 */
function example({ subject, text, html, sms }: Preview): Markup {
  return markup`<h2 dir="auto">${subject}</h2>
<iframe sandbox title="HTML" srcdoc="${html}"></iframe>
<h2>Text</h2>
<pre dir="auto">${text}</pre>
${
  sms &&
  markup`<h2>SMS</h2>
<p>${sms.encoding}, ${sms.length} characters, segments: ${sms.segments}</p>
<pre dir="auto">${sms.text}</pre>
`
}`;
}

function page(body: Markup): string {
  return htmlPage({ title: 'Preview', style: STYLE, body });
}
