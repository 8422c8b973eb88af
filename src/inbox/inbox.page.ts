import { htmlPage, markup } from '../http/html-page.js';
import type { InboxMessage } from './inbox-store.js';

const STYLE = `
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 720px; margin: 32px auto; padding: 0 16px }
  article { border-top: 1px solid #8886; padding: 16px 0 }
  header { display: flex; gap: 16px; flex-wrap: wrap; opacity: .7 }
  pre { font: inherit; white-space: pre-wrap; margin: 8px 0 0 }
`;

// Links are relative, because a proxy may serve the page below a prefix.
const NO_MESSAGES = markup`<p>No messages yet. Send a code from <a href="docs">the documentation</a>.</p>`;

/** The inbox as a page that reloads itself. */
export function inboxPage(messages: InboxMessage[]): string {
  return htmlPage({
    title: 'Inbox',
    style: STYLE,
    refreshSeconds: 3,
    body: markup`<h1>Inbox</h1>
<p>Messages that this development server "sent", newest first. No message left this machine.
<a href="inbox/preview">All messages in all languages</a></p>
${messages.length > 0 ? messages.map(entry) : NO_MESSAGES}`,
  });
}

function entry({ to, channel, at, subject, text }: InboxMessage) {
  return markup`<article>
<header><strong>${to}</strong><span>${channel}</span><time>${at.toISOString()}</time></header>
${subject && markup`<h2>${subject}</h2>`}
<pre>${text}</pre>
</article>
`;
}
