/** Markup that is safe to insert as it is. */
export class Markup {
  constructor(private readonly text: string) {}

  toString(): string {
    return this.text;
  }
}

type Content = Markup | string | number | undefined | Content[];

/**
 * A template of HTML. Inserted text is escaped, inserted markup is not, and `undefined` is empty.
 */
export function markup(parts: TemplateStringsArray, ...contents: Content[]): Markup {
  return new Markup(String.raw({ raw: parts }, ...contents.map(render)));
}

const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function render(content: Content): string {
  if (content instanceof Markup) return content.toString();
  if (Array.isArray(content)) return content.map(render).join('');
  return String(content ?? '').replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}

interface HtmlPage {
  title: string;
  style: string;
  body: Markup;
  script?: string;
  /** Reloads the page after so many seconds. */
  refreshSeconds?: number;
}

/** A complete HTML document with an inline style and, if given, an inline script. */
export function htmlPage({ title, style, body, script, refreshSeconds }: HtmlPage): string {
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
${refreshSeconds && markup`<meta http-equiv="refresh" content="${refreshSeconds}">`}
<title>${title}</title>
<style>${new Markup(style)}</style>
</head>
<body>
${body}
${script && new Markup(`<script>${script}</script>`)}
</body>
</html>
`.toString();
}
