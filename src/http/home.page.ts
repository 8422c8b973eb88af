import { htmlPage, markup } from './html-page.js';

export interface HomeLink {
  name: string;
  /** What the reader finds there. */
  text: string;
  /** Relative, because a proxy may serve this server below a prefix. */
  path: string;
}

const STYLE = `
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 720px; margin: 32px auto; padding: 0 16px }
  dt { font-weight: 600; margin-top: 16px }
  dd { margin: 0 }
`;

/** The page that a browser gets at the root of a development server. */
export function homePage(title: string, links: HomeLink[]): string {
  return htmlPage({
    title,
    style: STYLE,
    body: markup`<h1>${title}</h1>
<p>This server sends one-time codes by e-mail and SMS, verifies each code once, and keeps accounts and
sessions. It runs in development mode.</p>
<dl>
${links.map(({ name, text, path }) => markup`<dt><a href="${path}">${name}</a></dt>\n<dd>${text}</dd>\n`)}</dl>`,
  });
}
