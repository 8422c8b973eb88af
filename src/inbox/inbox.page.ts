import Handlebars from 'handlebars';
import type { InboxMessage } from './inbox-store.js';

const page = Handlebars.compile<{ messages: (InboxMessage & { time: string })[] }>(`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width">
    <meta name="color-scheme" content="light dark">
    <meta http-equiv="refresh" content="3">
    <title>Inbox</title>
    <style>
      body { font: 16px/1.5 system-ui, sans-serif; max-width: 720px; margin: 32px auto; padding: 0 16px }
      article { border-top: 1px solid #8886; padding: 16px 0 }
      header { display: flex; gap: 16px; flex-wrap: wrap; opacity: .7 }
      pre { font: inherit; white-space: pre-wrap; margin: 8px 0 0 }
    </style>
  </head>
  <body>
    <h1>Inbox</h1>
    <p>Messages this development server "sent", newest first. Nothing left this machine.
      <a href="/inbox/preview">All messages in all languages</a></p>
    {{#each messages}}
    <article>
      <header><strong>{{to}}</strong><span>{{channel}}</span><time>{{time}}</time></header>
      {{#if subject}}<h2>{{subject}}</h2>{{/if}}
      <pre>{{text}}</pre>
    </article>
    {{else}}
    <p>No messages yet. Send a code from <a href="/docs">the documentation</a>.</p>
    {{/each}}
  </body>
</html>
`);

/** The inbox for people. */
export function inboxPage(messages: InboxMessage[]): string {
  return page({ messages: messages.map((message) => ({ ...message, time: message.at.toISOString() })) });
}
