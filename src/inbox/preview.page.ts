import Handlebars from 'handlebars';
import { LOCALES, type Locale } from '../common/locale.js';

const HEAD = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width">
    <meta name="color-scheme" content="light dark">
    <title>Preview</title>
    <style>
      body { font: 16px/1.5 system-ui, sans-serif; max-width: 720px; margin: 32px auto; padding: 0 16px }
      th { text-align: start; font-weight: 600; padding-inline-end: 16px }
      pre { font: inherit; white-space: pre-wrap; overflow-wrap: anywhere; border: 1px solid #8886; padding: 16px }
      iframe { width: 100%; height: 480px; border: 1px solid #8886 }
    </style>
  </head>
  <body>
`;

const list = Handlebars.compile<{ templates: string[]; locales: readonly Locale[] }>(`${HEAD}
    <h1>Messages</h1>
    <table>
      {{#each templates}}
      <tr>
        <th>{{this}}</th>
        <td>{{#each ../locales}}<a href="/inbox/preview/{{../this}}/{{this}}">{{this}}</a> {{/each}}</td>
      </tr>
      {{/each}}
    </table>
  </body>
</html>
`);

export interface Preview {
  template: string;
  locale: Locale;
  subject: string;
  text: string;
  html: string;
  sms?: { text: string; encoding: string; length: number; segments: number };
}

/** The frame runs nothing and loads nothing. */
const page = Handlebars.compile<Preview>(`${HEAD}
    <p><a href="/inbox/preview">All messages</a></p>
    <h1>{{template}}, {{locale}}</h1>
    <h2 dir="auto">{{subject}}</h2>
    <iframe sandbox title="HTML" srcdoc="{{html}}"></iframe>
    <h2>Text</h2>
    <pre dir="auto">{{text}}</pre>
    {{#if sms}}
    <h2>SMS</h2>
    <p>{{sms.encoding}}, {{sms.length}} characters, segments: {{sms.segments}}</p>
    <pre dir="auto">{{sms.text}}</pre>
    {{/if}}
  </body>
</html>
`);

export function previewList(templates: string[]): string {
  return list({ templates, locales: LOCALES });
}

export function previewPage(preview: Preview): string {
  return page(preview);
}
