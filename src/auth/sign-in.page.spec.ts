import { runInNewContext } from 'node:vm';
import { signInPage } from './sign-in.page.js';

interface Sent {
  path: string;
  method: string;
  body: object;
}

/** The page with its script, in a document that has only what the script uses. */
class OpenPage {
  readonly sent: Sent[] = [];
  readonly form = { hidden: true, querySelector: () => ({}), addEventListener: this.listen.bind(this) };
  readonly result = {
    className: '',
    shown: [] as unknown[],
    set textContent(text: string) {
      this.shown = [text];
    },
    replaceChildren: (...content: unknown[]) => (this.result.shown = content),
    append: (text: string) => this.result.shown.push(text),
    focus: () => undefined,
  };
  address = '';
  private submit: (event: object) => Promise<void> = () => Promise.resolve();

  constructor(
    hash: string,
    private readonly reply: { status: number; body?: object },
  ) {
    const script = /<script>([^]*)<\/script>/.exec(signInPage())?.[1] ?? '';
    runInNewContext(script, {
      URLSearchParams,
      AbortSignal,
      JSON,
      addEventListener: () => undefined,
      location: { hash, pathname: '/sign-in', search: '' },
      history: { replaceState: (_: null, __: string, address: string) => (this.address = address) },
      document: {
        querySelector: () => this.form,
        getElementById: () => this.result,
        createElement: (name: string) => ({ name }),
      },
      fetch: this.fetch.bind(this),
    });
  }

  press(): Promise<void> {
    return this.submit({ preventDefault: () => undefined });
  }

  get text(): string {
    return this.result.shown.filter((part) => typeof part === 'string').join('');
  }

  private listen(_: string, listener: typeof this.submit): void {
    this.submit = listener;
  }

  private fetch(path: string, { method, body }: { method: string; body: string }): Promise<object> {
    this.sent.push({ path, method, body: JSON.parse(body) as object });
    const { status, body: reply = {} } = this.reply;
    return Promise.resolve({ status, ok: status < 400, json: () => Promise.resolve(reply) });
  }
}

const refusal = (status: number, code: string) => ({ status, body: { code, detail: 'this was used.' } });

describe('page of a sign-in link', () => {
  it('sends nothing when it is opened, and takes the token out of the address bar', () => {
    const page = new OpenPage('#token=aB-_9', { status: 201 });
    expect(page.sent).toEqual([]);
    expect(page.address).toBe('/sign-in');
    expect(page.form.hidden).toBe(false);
  });

  it('shows no button without a token', () => {
    const page = new OpenPage('', { status: 201 });
    expect(page.form.hidden).toBe(true);
    expect(page.text).toContain('incomplete');
  });

  it('sends the token once the button is pressed, and says who is signed in and where', async () => {
    const user = { email: 'ada@example.com' };
    const page = new OpenPage('#token=aB-_9', { status: 201, body: { accessToken: 'x', user } });
    await page.press();
    expect(page.sent).toEqual([{ path: 'auth/link', method: 'POST', body: { token: 'aB-_9' } }]);
    expect(page.text).toContain('You are signed in as ada@example.com, on this page only.');
    expect(page.result.className).toBe('good');
    expect(page.form.hidden).toBe(true);
  });

  it('says that no account has the address', async () => {
    const page = new OpenPage('#token=a', { status: 201, body: { VerificationStatus: 'approved' } });
    await page.press();
    expect(page.text).toContain('no account has it');
  });

  it('links to the undo of a changed address', async () => {
    const page = new OpenPage('#token=a', { status: 201, body: { undoToken: 'u-1' } });
    await page.press();
    expect(page.text).toContain('It belonged to an account until recently.');
    expect(page.result.shown).toContainEqual(expect.objectContaining({ name: 'a', href: 'undo#token=u-1' }));
  });

  it.each([
    ['a used link', refusal(400, 'sign_in_link_invalid'), 'This was used. Please request a new one', true],
    ['a disabled account', refusal(403, 'account_disabled'), 'This was used.', true],
    ['a busy server', { status: 503 }, 'The server is busy.', false],
  ])('explains %s', async (_, reply, text, isHidden) => {
    const page = new OpenPage('#token=a', reply);
    await page.press();
    expect(page.text).toContain(text);
    expect(page.result.className).toBe('bad');
    expect(page.form.hidden).toBe(isHidden);
  });
});
