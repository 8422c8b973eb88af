import type { Response } from 'supertest';
import { signUp } from '../support/accounts.js';
import { TestApp } from '../support/app.js';

const PUBLIC_URL = 'https://auth.example.com';
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const NOBODYS = '0197f3b2-7a55-7cc3-a1f0-4c2a3d9be001';
const GRACE = { name: 'Grace Hopper', contact: '+14155550123', address: '1 Navy Yard\nArlington' };

interface Customer {
  id: string;
  name: string | null;
  contact: string | null;
  address: string;
  createdAt: string;
  updatedAt: string;
}

/** Everything a reply shows, and nothing beside it. */
function shown(fields: Partial<Customer> & { contect?: string | null }): object {
  return {
    id: expect.stringMatching(UUID),
    createdAt: expect.stringMatching(TIME),
    updatedAt: expect.stringMatching(TIME),
    ...fields,
  };
}

/** The path of the next page, which the reply names under our public address. */
function nextOf({ headers }: Response): string | null {
  const { link } = headers as { link?: string };
  if (link === undefined) return null;
  const [, url = ''] = /^<([^<>]+)>; rel="next"$/.exec(link) ?? [];
  expect(url.startsWith(`${PUBLIC_URL}/`)).toBe(true);
  return url.slice(PUBLIC_URL.length);
}

describe('customers', () => {
  let app: TestApp;
  let ada: Awaited<ReturnType<typeof signUp>>;
  let eve: Awaited<ReturnType<typeof signUp>>;
  let people = 0;
  beforeAll(async () => {
    app = await TestApp.start({ PUBLIC_URL });
    ada = await signUp(app, 'ada@example.com');
    eve = await signUp(app, 'eve@example.com');
  });
  afterAll(() => app?.stop());

  const somebody = () => signUp(app, `somebody-${++people}@example.com`);

  const rows = () => app.sql('select * from customers order by id');

  async function added(body: object = GRACE): Promise<Customer> {
    return (await ada.post('/customers', body).expect(201)).body as Customer;
  }

  it('are stored in the schema that the entities describe', async () => {
    expect((await app.inspect()).pendingSchema).toEqual([]);
  });

  it('are added, read, changed and removed', async () => {
    const customer = await added();
    expect(customer).toEqual(shown(GRACE));
    expect(customer.updatedAt).toBe(customer.createdAt);
    const path = `/customers/${customer.id}`;
    await ada.get(path).expect(200, customer);

    const moved = await ada.patch(path, { address: '2 Navy Yard' }).expect(200);
    expect(moved.body).toEqual(
      shown({ ...customer, address: '2 Navy Yard', updatedAt: expect.anything() as string }),
    );
    expect((moved.body as Customer).updatedAt > customer.updatedAt).toBe(true);
    await ada.get(path).expect(200, moved.body as object);

    const removed = await ada.delete(path).expect(204);
    expect(removed.text).toBe('');
    for (const reply of [await ada.get(path), await ada.delete(path), await ada.patch(path, GRACE)])
      expect(reply).toMatchObject({ status: 404, body: { code: 'customer_not_found' } });
  });

  it('need an address only', async () => {
    const address = '1 Navy Yard';
    expect(await added({ address })).toEqual(shown({ name: null, contact: null, address }));
    expect(await added({ name: null, contact: null, address })).toEqual(
      shown({ name: null, contact: null, address }),
    );
  });

  it('keep what a change does not name, and lose what it sets to null', async () => {
    const customer = await added();
    const path = `/customers/${customer.id}`;
    const now = async (body: object) => (await ada.patch(path, body).expect(200)).body as Customer;
    expect(await now({ name: null })).toMatchObject({ ...GRACE, name: null });
    expect(await now({ contact: null })).toMatchObject({ ...GRACE, name: null, contact: null });
    expect(await now({ name: 'G. Hopper' })).toMatchObject({ ...GRACE, name: 'G. Hopper', contact: null });
    expect(await now(GRACE)).toMatchObject(GRACE);
  });

  it('may have any script in their names', async () => {
    for (const name of ['Ἀδά', 'علی‌رضا', '王小明', "O'Brien-Ñuñez", 'Ada 👩‍💻', '𝒜'.repeat(128)])
      expect(await added({ name, address: 'x' })).toMatchObject({ name });
  });

  describe('of somebody with 45', () => {
    it('come page by page to the end, none twice and none lost, while one is added', async () => {
      const bob = await somebody();
      const ids: string[] = [];
      const add = async () =>
        ids.push(((await bob.post('/customers', { address: 'x' }).expect(201)).body as Customer).id);
      while (ids.length < 45) await add();

      const sizes: number[] = [];
      const seen: string[] = [];
      for (let path: string | null = '/customers'; path;) {
        const reply: Response = await bob.get(path).expect(200);
        const page = reply.body as Customer[];
        sizes.push(page.length);
        seen.push(...page.map(({ id }) => id));
        path = nextOf(reply);
        if (sizes.length === 1) await add();
      }
      expect(sizes).toEqual([20, 20, 6]);
      expect(seen).toEqual(ids);
    });

    it('come in pages of the size asked for, and a full last page names no next', async () => {
      const bob = await somebody();
      for (const address of ['a', 'b', 'c', 'd']) await bob.post('/customers', { address }).expect(201);
      const first = await bob.get('/customers?limit=2').expect(200);
      const [, last] = first.body as Customer[];
      expect(nextOf(first)).toBe(`/customers?limit=2&cursor=${last?.id}`);
      const second = await bob.get(nextOf(first) ?? '').expect(200);
      expect((second.body as Customer[]).map(({ address }) => address)).toEqual(['c', 'd']);
      expect(nextOf(second)).toBeNull();
    });

    it('name the next page at our public address, whatever host was asked', async () => {
      const bob = await somebody();
      for (const address of ['a', 'b']) await bob.post('/customers', { address }).expect(201);
      const reply = await bob
        .get('/customers?limit=1')
        .set('host', 'evil.example')
        .set('x-forwarded-host', 'evil.example')
        .expect(200);
      expect(nextOf(reply)).toMatch(/^\/customers\?limit=1&cursor=/);
    });
  });

  it.each([
    ['limit=0', 'limit'],
    ['limit=101', 'limit'],
    ['limit=-1', 'limit'],
    ['limit=1e1', 'limit'],
    ['limit=', 'limit'],
    ['limit=1&limit=2', 'limit'],
    ['cursor=1', 'cursor'],
    ["cursor=' or 1=1 --", 'cursor'],
    [`cursor=${NOBODYS}&cursor=${NOBODYS}`, 'cursor'],
    ['ownerId=1', 'ownerId'],
    ['owner_id=1', 'owner_id'],
  ])('are not listed by ?%s', async (query, field) => {
    const { body } = await ada.get(`/customers?${query.replaceAll(' ', '%20')}`).expect(400);
    expect(body).toMatchObject({ code: 'validation_failed', errors: [{ field }] });
    expect((body as { errors: unknown[] }).errors).toHaveLength(1);
  });

  describe('of somebody else', () => {
    it('are not there, by any method, like ones that never were (M2)', async () => {
      const customer = await added();
      const before = await rows();
      const answers: object[] = [];
      for (const id of [customer.id, NOBODYS, '1', 'not-a-uuid', `${customer.id}x`, "'%20or%201=1"]) {
        const path = `/customers/${id}`;
        for (const reply of [await eve.get(path), await eve.patch(path, GRACE), await eve.delete(path)]) {
          const { requestId, ...problem } = reply.body as { requestId: string };
          expect(requestId).toMatch(UUID);
          answers.push({ status: reply.status, type: reply.type, problem });
        }
      }
      expect(answers[0]).toMatchObject({ status: 404, problem: { code: 'customer_not_found' } });
      for (const answer of answers) expect(answer).toEqual(answers[0]);
      expect(await rows()).toEqual(before);
      await ada.get(`/customers/${customer.id}`).expect(200, customer);
    });

    it('are in no list, whatever cursor is given (M2)', async () => {
      const { id } = await added();
      await eve.get('/customers').expect(200, []);
      await eve.get('/api/customers').expect(200, []);
      await eve.get(`/customers?cursor=${id}`).expect(200, []);
      await eve.get('/customers?cursor=00000000-0000-0000-0000-000000000000').expect(200, []);
    });
  });

  it('are for nobody who is not signed in', async () => {
    for (const path of ['/customers', '/api/customers', `/customers/${NOBODYS}`])
      expect((await app.get(path).expect(401)).body).toMatchObject({ code: 'token_invalid' });
    for (const path of ['/customers', '/api/customers'])
      expect((await app.post(path, GRACE).expect(401)).body).toMatchObject({ code: 'token_invalid' });
  });

  it.each([
    'id',
    'ownerId',
    'owner_id',
    'createdAt',
    'created_at',
    'updatedAt',
    'role',
    'isAdmin',
    'verified',
  ])('have no field %s that a body could set (M1)', async (field) => {
    const customer = await added();
    const before = await rows();
    const body = { ...GRACE, [field]: NOBODYS };
    for (const reply of [
      await ada.post('/customers', body),
      await ada.post('/api/customers', body),
      await ada.patch(`/customers/${customer.id}`, body),
    ]) {
      expect(reply).toMatchObject({ status: 400, body: { code: 'validation_failed', errors: [{ field }] } });
    }
    expect(await rows()).toEqual(before);
  });

  describe('refuse, with one message a field,', () => {
    const NAME = 'name must be 1 to 128 printable characters.';
    const CONTACT = 'contact must be 1 to 128 printable characters.';
    const ADDRESS = 'address must be 1 to 512 printable characters and line breaks.';

    it.each<[string, object, Record<string, string>]>([
      ['no address', { name: 'Ada' }, { address: ADDRESS }],
      ['an address of null', { address: null }, { address: ADDRESS }],
      [
        'everything wrong',
        { name: '', contact: 7, address: [] },
        { name: NAME, contact: CONTACT, address: ADDRESS },
      ],
      ['too much', { name: 'x'.repeat(129), address: 'x'.repeat(513) }, { name: NAME, address: ADDRESS }],
      ['blanks', { contact: '  ', address: ' \n ' }, { contact: CONTACT, address: ADDRESS }],
      ['a list', { name: ['Ada'], address: ['x'] }, { name: NAME, address: ADDRESS }],
      ['a line break in a name', { name: 'Ada\nEve', address: 'x' }, { name: NAME }],
      ['a NUL', { name: 'Ada\u0000', address: 'x\u0000' }, { name: NAME, address: ADDRESS }],
      ['a carriage return', { address: 'x\ry' }, { address: ADDRESS }],
      ['an escape', { contact: '\u001b[2J', address: 'x\u007f' }, { contact: CONTACT, address: ADDRESS }],
      ['reversed text', { name: '\u202eadA', address: 'x\u2066' }, { name: NAME, address: ADDRESS }],
      ['half a character', { name: 'x\ud83d', address: 'x' }, { name: NAME }],
      [
        'both spellings of contact',
        { ...GRACE, contect: '1' },
        { contect: 'contect means contact: give one of them.' },
      ],
    ])('%s', async (_, body, errors) => {
      const before = await rows();
      const reply = await ada.post('/customers', body).expect(400);
      const named = (reply.body as { errors: { field: string; detail: string }[] }).errors;
      expect(Object.fromEntries(named.map(({ field, detail }) => [field, detail]))).toEqual(errors);
      expect(named).toHaveLength(Object.keys(errors).length);
      expect(await rows()).toEqual(before);
    });

    it('a change of nothing, or of the address to nothing', async () => {
      const { id } = await added();
      const path = `/customers/${id}`;
      for (const [body, detail] of [
        [{}, 'Give at least one of name, contact and address.'],
        [{ address: null }, ADDRESS],
        [{ contact: null, contect: null }, 'contect means contact: give one of them.'],
      ] as const)
        expect((await ada.patch(path, body).expect(400)).body).toMatchObject({ errors: [{ detail }] });
    });
  });

  describe('of clients that spell contect', () => {
    const contect = '+14155550199';

    it('have it as their contact', async () => {
      const customer = await added({ contect, address: 'x' });
      expect(customer).toEqual(shown({ name: null, contact: contect, address: 'x' }));
      const path = `/customers/${customer.id}`;
      expect((await ada.patch(path, { contect: '1' }).expect(200)).body).toMatchObject({ contact: '1' });
      expect((await ada.patch(path, { contect: null }).expect(200)).body).toMatchObject({ contact: null });
    });

    it('are answered with it beside contact under /api', async () => {
      const bob = await somebody();
      const reply = await bob.post('/api/customers', { name: 'Bob', contect, address: 'x' }).expect(201);
      expect(reply.body).toEqual(shown({ name: 'Bob', contact: contect, contect, address: 'x' }));
      await bob.get('/api/customers').expect(200, [reply.body]);

      const [plain] = (await bob.get('/customers').expect(200)).body as Customer[];
      expect({ ...plain, contect }).toEqual(reply.body);
      expect(plain).not.toHaveProperty('contect');
    });

    it('may send the token without Bearer, and are paged under /api too', async () => {
      const bob = await somebody();
      const bare = (test: ReturnType<typeof app.get>) => test.set('authorization', bob.accessToken);
      await bare(app.post('/api/customers', { address: 'a' })).expect(201);
      await bare(app.post('/api/customers', { address: 'b' })).expect(201);
      const first = await bare(app.get('/api/customers?limit=1')).expect(200);
      expect(nextOf(first)).toMatch(/^\/api\/customers\?limit=1&cursor=/);
      const second = await bare(app.get(nextOf(first) ?? '')).expect(200);
      expect((second.body as Customer[]).map(({ address }) => address)).toEqual(['b']);

      await bare(app.get('/customers')).expect(401);
    });
  });
});
