import { logIn, signUp, type Person } from '../support/accounts.js';
import { TestApp } from '../support/app.js';
import { ApplicationClient, createApplication, type ApplicationReply } from '../support/applications.js';
import { originBoundCode } from '../support/origin-bound-code.js';
import { until } from '../support/until.js';
import { VendorStub } from '../support/vendor-stub.js';

const ORIGIN = 'https://login.shop.acme.test';
const HOST = 'login.shop.acme.test';
const SERVER_HOST = 'auth.acme.test';

describe('the host in the last line of an SMS', () => {
  let stub: VendorStub;
  let app: TestApp;
  let admin: Person;
  let shop: ApplicationClient;
  let phones = 0;
  const newPhone = () => `+14155552${String(++phones).padStart(3, '0')}`;

  beforeAll(async () => {
    stub = await VendorStub.start();
    const PUBLIC_URL = `https://${SERVER_HOST}`;
    app = await TestApp.start({ ...stub.settings, MAIL_PROVIDER: 'inbox', BCRYPT_COST: '4', PUBLIC_URL });
    await signUp(app, 'admin@acme.test');
    await app.sql(`update users set roles = '{user,admin}'`);
    admin = await logIn(app, 'admin@acme.test');
    shop = await createApplication(app, admin, { kind: 'browser', origins: [ORIGIN], smsHost: HOST });
  });
  afterAll(async () => {
    await app?.stop();
    await stub?.stop();
  });
  afterEach(() => stub.heal());

  /** The hosts that the messages to a number name, oldest first. */
  const hostsOf = (phone: string) => stub.messagesTo(phone).map(({ text }) => originBoundCode(text)?.host);
  const waitForMessages = (phone: string, count: number) =>
    until(`${count} messages`, () => stub.messagesTo(phone).length === count);

  it.each(['/otp/generate', '/auth/send_otp'])('is the one of the application at %s', async (path) => {
    const senders: (ApplicationClient | TestApp)[] = [
      shop,
      app,
      await createApplication(app, admin, {}),
      await createApplication(app, admin, { kind: 'browser', origins: [ORIGIN] }),
      shop,
    ];
    const hosts: unknown[] = [];
    for (const sender of senders) {
      const phone = newPhone();
      await sender.post(path, path === '/otp/generate' ? { phone_number: phone } : { phone });
      await waitForMessages(phone, 1);
      hosts.push(...hostsOf(phone));
    }
    expect(hosts).toEqual([HOST, SERVER_HOST, SERVER_HOST, SERVER_HOST, HOST]);
  });

  it('stays the same when the message is sent again', async () => {
    const phone = newPhone();
    await shop.post('/otp/generate', { phone_number: phone }).expect(200);
    await waitForMessages(phone, 1);
    await app.ageWhenSent(61);
    await shop.post('/otp/resend', { phone_number: phone }).expect(200);
    await waitForMessages(phone, 2);
    expect(hostsOf(phone)).toEqual([HOST, HOST]);
  });

  it('is stored with a message that has to wait for the vendor', async () => {
    const phone = newPhone();
    stub.behave({ fault: 'html 500' }, { to: phone });
    await shop.post('/otp/generate', { phone_number: phone }).expect(200);
    await until('a failed attempt', () => stub.callsTo(phone).length > 0);
    await admin.patch(`/applications/${shop.id}`, { smsHost: null }).expect(200);
    stub.heal(phone);
    await waitForMessages(phone, 1);
    expect(hostsOf(phone)).toEqual([HOST]);
    await admin.patch(`/applications/${shop.id}`, { smsHost: HOST }).expect(200);
  });

  it.each([
    ['a URL', { smsHost: ORIGIN }],
    ['a port', { smsHost: `${HOST}:443` }],
    ['an IP address', { origins: ['http://127.0.0.1'], smsHost: '127.0.0.1' }],
    ['a top-level domain', { smsHost: 'test' }],
    ['a second line', { smsHost: `${HOST}\n` }],
    ['a host of another site', { smsHost: 'acme.example' }],
    ['a sub-domain of the origin', { smsHost: `www.${HOST}` }],
    ['a host without an origin', { origins: [], smsHost: HOST }],
    ['a host of a server application', { kind: 'server', origins: undefined, smsHost: HOST }],
    ['a list', { smsHost: [HOST] }],
  ])('cannot be %s', async (_, fields) => {
    const body = { name: 'Shop', kind: 'browser', origins: [ORIGIN], ...fields };
    const reply = await admin.post('/applications', body).expect(400);
    expect(reply.body).toMatchObject({ code: 'validation_failed', errors: [{ field: 'smsHost' }] });
  });

  it('may be a parent domain, and must fit to the origins after every change', async () => {
    const { id } = await createApplication(app, admin, { kind: 'browser', origins: [ORIGIN] });
    const change = (fields: object) => admin.patch(`/applications/${id}`, fields);
    expect((await change({ smsHost: 'acme.test' }).expect(200)).body).toMatchObject({ smsHost: 'acme.test' });
    await change({ origins: ['https://shop.example'] }).expect(400);
    const { body } = await admin.get(`/applications/${id}`);
    expect(body).toMatchObject({ origins: [ORIGIN], smsHost: 'acme.test' });
    await change({ origins: ['https://shop.example'], smsHost: 'shop.example' }).expect(200);
    await change({ smsHost: null, origins: [] }).expect(200);
  });

  it('fits to the origins also after changes of both at the same time', async () => {
    for (let round = 0; round < 5; round++) {
      const { id } = await createApplication(app, admin, { kind: 'browser', origins: [ORIGIN] });
      const change = (fields: object) => admin.patch(`/applications/${id}`, fields);
      const replies = await Promise.all([
        change({ smsHost: HOST }),
        change({ origins: ['https://shop.example'] }),
      ]);
      expect(replies.map(({ status }) => status).sort()).toEqual([200, 400]);
      const { body } = await admin.get(`/applications/${id}`);
      const { origins, smsHost } = body as ApplicationReply & { origins: string[]; smsHost: string | null };
      expect([origins, smsHost]).toEqual(smsHost ? [[ORIGIN], HOST] : [['https://shop.example'], null]);
    }
  });
});
