import { createHash } from 'node:crypto';
import { applyDecorators, Header } from '@nestjs/common';
import { ApiExcludeEndpoint } from '@nestjs/swagger';
import { Public } from './access.js';
import { htmlPage, markup, type Markup } from './html-page.js';

const STYLE = `
  :root {
    color-scheme: light dark;
    --page: #fff; --text: #1b1c1f; --quiet: #55585e; --edge: #74777d; --button: #0b57d0; --on-button: #fff;
    --good: #146c2e; --bad: #b3261e;
  }
  @media (prefers-color-scheme: dark) {
    :root {
      --page: #131417; --text: #e9eaec; --quiet: #b3b6bb; --edge: #8c8f95; --button: #8ab4f8; --on-button: #0b1a33;
      --good: #8fd694; --bad: #f2b8b5;
    }
  }
  * { box-sizing: border-box }
  body { margin: 0; background: var(--page); color: var(--text); font: 1.0625rem/1.5 system-ui, sans-serif }
  main { max-width: 28rem; margin: 0 auto; padding: 2rem 1rem; overflow-wrap: anywhere }
  h1 { margin: 0 0 1.5rem; font-size: 1.5rem; line-height: 1.25 }
  p, ul { margin: 0 0 1rem }
  ul { padding-left: 1.25rem }
  label { display: block; font-weight: 600 }
  input { font: inherit; accent-color: var(--button) }
  input[type=checkbox] { flex: none; width: 1.25rem; height: 1.25rem; margin: 0 }
  .field {
    display: block; width: 100%; min-height: 3rem; margin: .25rem 0 .5rem; padding: .5rem .75rem;
    border: 1px solid var(--edge); border-radius: .5rem; background: var(--page); color: var(--text);
  }
  .field[aria-invalid=true] { border: 2px solid var(--bad) }
  .hint { margin: 0; color: var(--quiet); font-size: 1rem }
  .choice { display: flex; gap: .75rem; align-items: center; min-height: 3rem; font-weight: 400; cursor: pointer }
  button {
    display: block; width: 100%; min-height: 3rem; margin: .5rem 0 1rem; padding: .5rem 1rem; border: 0;
    border-radius: .5rem; background: var(--button); color: var(--on-button); font: inherit; font-weight: 600;
    cursor: pointer;
  }
  button:disabled { opacity: .6; cursor: progress }
  :focus-visible { outline: 3px solid var(--button); outline-offset: 3px }
  #result { margin: 0; scroll-margin: 1rem }
  #result.good, #result.bad { padding: .25rem .75rem; border-left: 4px solid }
  #result.good { color: var(--good) }
  #result.bad { color: var(--bad) }
  [hidden] { display: none }
`;

/**
 * Takes the token out of the address bar, sends the form and shows what went wrong. Opening a
 * page sends nothing, so a mail scanner that follows the link does not use up the token. Paths are
 * relative, because a proxy may serve the page below a prefix that this server does not know.
 */
const SHARED_SCRIPT = `
  const form = document.querySelector('form');
  const button = form.querySelector('button');
  const result = document.getElementById('result');
  const token = new URLSearchParams(location.hash.slice(1)).get('token');
  history.replaceState(null, '', location.pathname + location.search);
  // Opening another link in the same tab changes only the hash.
  addEventListener('hashchange', () => location.reload());
  if (token) form.hidden = false;
  else result.textContent = 'The link to this page is incomplete. Please open it from your message again.';

  function show(kind, ...content) {
    result.className = kind;
    result.replaceChildren(...content);
    result.focus();
  }

  function wait(seconds) {
    if (!(seconds > 1)) return 'a moment';
    return seconds < 120 ? seconds + ' seconds' : Math.ceil(seconds / 60) + ' minutes';
  }

  function explain(status, { detail, errors, retryAfter }) {
    if (status === 429) return 'Too many attempts. Please wait ' + wait(retryAfter) + ' and try again.';
    if (status === 503) return 'The server is busy. Please wait ' + wait(retryAfter) + ' and try again.';
    const text = errors?.map((error) => error.detail).join(' ') || detail;
    if (!text) return 'Something went wrong on our side. Please try again later.';
    return text[0].toUpperCase() + text.slice(1);
  }

  /** Calls done with the body of a successful reply. Resolves to the code of the problem, if there is one. */
  async function send(method, path, values, done) {
    button.disabled = true;
    result.textContent = result.className = '';
    try {
      const body = JSON.stringify({ token, ...values });
      const headers = { 'content-type': 'application/json' };
      const signal = AbortSignal.timeout(30000);
      const reply = await fetch(path, { method, headers, body, signal, redirect: 'error' });
      const answer = await reply.json().catch(() => ({}));
      form.hidden = reply.ok || /_link_invalid$|^account_(disabled|closed)$/.test(answer.code);
      if (reply.ok) done(answer);
      else show('bad', explain(reply.status, answer));
      return answer.code;
    } catch {
      show('bad', 'The server cannot be reached. Please check your connection and try again.');
    } finally {
      button.disabled = false;
    }
  }
`;

/**
 * A page that needs no other file. Its body has one form, which stays hidden until the script finds
 * a token. The script of the page calls `send`.
 */
export function standalonePage(title: string, body: Markup, script: string): string {
  return htmlPage({
    title,
    style: STYLE,
    script: SHARED_SCRIPT + script,
    body: markup`<main>
<h1>${title}</h1>
<noscript><p>This page needs JavaScript. Please allow it, or open the link in another browser.</p></noscript>
${body}
<p id="result" aria-live="polite" tabindex="-1"></p>
</main>`,
  });
}

/**
 * A public route that serves such a page. The content security policy allows only the inline
 * script, the inline style and requests to this server.
 */
export function StandalonePage(script: string): MethodDecorator {
  const policy = [
    "default-src 'none'",
    `script-src '${digest(SHARED_SCRIPT + script)}'`,
    `style-src '${digest(STYLE)}'`,
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ];
  return applyDecorators(
    Public(),
    ApiExcludeEndpoint(),
    Header('Content-Type', 'text/html; charset=utf-8'),
    Header('Content-Security-Policy', policy.join('; ')),
  );
}

function digest(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}
