/** What the server says about itself to its pages. `src/http/pages.ts` writes it. */
export interface ServerSettings {
  /** The product's name (`BRAND_NAME`). */
  brandName: string;
  /** The product's colour (`BRAND_COLOR`), such as `#0f62fe`. */
  brandColor: string | null;
  passwordMinLength: number;
  codeLength: number;
  /** Names of the served pages. */
  pages: string[];
  /** Where the person signs in (the product's own page), if the operator says so. */
  signInPage: string | null;
}

const content = document.querySelector<HTMLMetaElement>('meta[name=server]')?.content ?? '';

export const server = JSON.parse(content) as ServerSettings;

/** Relative, because a proxy may serve the pages below a prefix. Every page is one level deep. */
export const SERVER_URL = new URL('.', location.href).href.replace(/\/$/, '');
