import type { Response } from 'supertest';
import { signUp } from '../support/accounts.js';
import { TestApp } from '../support/app.js';

const PUBLIC_URL = 'https://auth.example.com';
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const UNKNOWN_ID = '0197f3b2-7a55-7cc3-a1f0-4c2a3d9be001';
const GRACE = { name: 'Grace Hopper', contact: '+14155550123', address: '1 Navy Yard\nArlington' };

interface Customer {
  id: string;
  name: string | null;
  contact: string | null;
  address: string;
  createdAt: string;
  updatedAt: string;
}

/** A customer in a reply: exactly the given fields, an id and times. */
function customerReply(fields: Partial<Customer> & { contect?: string | null }): object {
  return {
    id: expect.stringMatching(UUID),
    createdAt: expect.stringMatching(TIME),
    updatedAt: expect.stringMatching(TIME),
    ...fields,
  };
}

/** The path of the next page. The reply links to it under the public URL. */
function nextPath({ headers }: Response): string | null {
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
  let userCount = 0;
  beforeAll(async () => {
    app = await TestApp.start({ PUBLIC_URL });
    ada = await signUp(app, 'ada@example.com');
    eve = await signUp(app, 'eve@example.com');
  });
  afterAll(() => app?.stop());

  const newUser = () => signUp(app, `somebody-${++userCount}@example.com`);

  const customerRows = () => app.sql('select * from customers order by id');

  async function addCustomer(body: object = GRACE): Promise<Customer> {
    return (await ada.post('/customers', body).expect(201)).body as Customer;
  }

  it('has a migrated schema that matches the entities', async () => {
    expect((await app.inspect()).pendingSchema).toEqual([]);
  });

  it('adds, reads, changes and removes a customer', async () => {
    const customer = await addCustomer();
    expect(customer).toEqual(customerReply(GRACE));
    expect(customer.updatedAt).toBe(customer.createdAt);
    const path = `/customers/${customer.id}`;
    await ada.get(path).expect(200, customer);

    const moved = await ada.patch(path, { address: '2 Navy Yard' }).expect(200);
    expect(moved.body).toEqual(
      customerReply({
        ...customer,
        address: '2 Navy Yard',
        updatedAt: expect.anything() as string,
      }),
    );
    expect((moved.body as Customer).updatedAt > customer.updatedAt).toBe(true);
    await ada.get(path).expect(200, moved.body as object);

    const removed = await ada.delete(path).expect(204);
    expect(removed.text).toBe('');
    for (const reply of [await ada.get(path), await ada.delete(path), await ada.patch(path, GRACE)])
      expect(reply).toMatchObject({ status: 404, body: { code: 'customer_not_found' } });
  });

  it('requires only an address', async () => {
    const address = '1 Navy Yard';
    expect(await addCustomer({ address })).toEqual(customerReply({ name: null, contact: null, address }));
    expect(await addCustomer({ name: null, contact: null, address })).toEqual(
      customerReply({ name: null, contact: null, address }),
    );
  });

  it('keeps fields that an update omits and clears fields that it sets to null', async () => {
    const customer = await addCustomer();
    const path = `/customers/${customer.id}`;
    const update = async (body: object) => (await ada.patch(path, body).expect(200)).body as Customer;
    expect(await update({ name: null })).toMatchObject({ ...GRACE, name: null });
    expect(await update({ contact: null })).toMatchObject({ ...GRACE, name: null, contact: null });
    expect(await update({ name: 'G. Hopper' })).toMatchObject({
      ...GRACE,
      name: 'G. Hopper',
      contact: null,
    });
    expect(await update(GRACE)).toMatchObject(GRACE);
  });

  it('accepts names in any script', async () => {
    for (const name of ['Ἀδά', 'علی‌رضا', '王小明', "O'Brien-Ñuñez", 'Ada 👩‍💻', '𝒜'.repeat(128)])
      expect(await addCustomer({ name, address: 'x' })).toMatchObject({ name });
  });

  describe('paging', () => {
    it('lists every customer exactly once while one is added', async () => {
      const bob = await newUser();
      const ids: string[] = [];
      const add = async () =>
        ids.push(((await bob.post('/customers', { address: 'x' }).expect(201)).body as Customer).id);
      while (ids.length < 45) await add();

      const sizes: number[] = [];
      const seenIds: string[] = [];
      for (let path: string | null = '/customers'; path;) {
        const reply: Response = await bob.get(path).expect(200);
        const page = reply.body as Customer[];
        sizes.push(page.length);
        seenIds.push(...page.map(({ id }) => id));
        path = nextPath(reply);
        if (sizes.length === 1) await add();
      }
      expect(sizes).toEqual([20, 20, 6]);
      expect(seenIds).toEqual(ids);
    });

    it('honours the page size and omits the next link on a full last page', async () => {
      const bob = await newUser();
      for (const address of ['a', 'b', 'c', 'd']) await bob.post('/customers', { address }).expect(201);
      const first = await bob.get('/customers?limit=2').expect(200);
      const [, last] = first.body as Customer[];
      expect(nextPath(first)).toBe(`/customers?limit=2&cursor=${last?.id}`);
      const second = await bob.get(nextPath(first) ?? '').expect(200);
      expect((second.body as Customer[]).map(({ address }) => address)).toEqual(['c', 'd']);
      expect(nextPath(second)).toBeNull();
    });

    it('builds the next link from the public URL, whatever the Host header', async () => {
      const bob = await newUser();
      for (const address of ['a', 'b']) await bob.post('/customers', { address }).expect(201);
      const reply = await bob
        .get('/customers?limit=1')
        .set('host', 'evil.example')
        .set('x-forwarded-host', 'evil.example')
        .expect(200);
      expect(nextPath(reply)).toMatch(/^\/customers\?limit=1&cursor=/);
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
    [`cursor=${UNKNOWN_ID}&cursor=${UNKNOWN_ID}`, 'cursor'],
    ['ownerId=1', 'ownerId'],
    ['owner_id=1', 'owner_id'],
  ])('rejects ?%s', async (query, field) => {
    const { body } = await ada.get(`/customers?${query.replaceAll(' ', '%20')}`).expect(400);
    expect(body).toMatchObject({ code: 'validation_failed', errors: [{ field }] });
    expect((body as { errors: unknown[] }).errors).toHaveLength(1);
  });

  describe('customers of another user', () => {
    it('returns the same 404 as for unknown ids, for every method', async () => {
      const customer = await addCustomer();
      const before = await customerRows();
      const replies: object[] = [];
      for (const id of [customer.id, UNKNOWN_ID, '1', 'not-a-uuid', `${customer.id}x`, "'%20or%201=1"]) {
        const path = `/customers/${id}`;
        for (const reply of [await eve.get(path), await eve.patch(path, GRACE), await eve.delete(path)]) {
          const { requestId, ...problem } = reply.body as { requestId: string };
          expect(requestId).toMatch(UUID);
          replies.push({ status: reply.status, type: reply.type, problem });
        }
      }
      expect(replies[0]).toMatchObject({ status: 404, problem: { code: 'customer_not_found' } });
      for (const reply of replies) expect(reply).toEqual(replies[0]);
      expect(await customerRows()).toEqual(before);
      await ada.get(`/customers/${customer.id}`).expect(200, customer);
    });

    it('lists no customers of another user, whatever the cursor', async () => {
      const { id } = await addCustomer();
      await eve.get('/customers').expect(200, []);
      await eve.get('/api/customers').expect(200, []);
      await eve.get(`/customers?cursor=${id}`).expect(200, []);
      await eve.get('/customers?cursor=00000000-0000-0000-0000-000000000000').expect(200, []);
    });
  });

  it('rejects callers who are not signed in', async () => {
    for (const path of ['/customers', '/api/customers', `/customers/${UNKNOWN_ID}`])
      expect((await app.get(path).expect(401)).body).toMatchObject({ code: 'token_invalid' });
    for (const path of ['/customers', '/api/customers'])
      expect((await app.post(path, GRACE).expect(401)).body).toMatchObject({
        code: 'token_invalid',
      });
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
  ])('rejects the field %s in a body', async (field) => {
    const customer = await addCustomer();
    const before = await customerRows();
    const body = { ...GRACE, [field]: UNKNOWN_ID };
    for (const reply of [
      await ada.post('/customers', body),
      await ada.post('/api/customers', body),
      await ada.patch(`/customers/${customer.id}`, body),
    ]) {
      expect(reply).toMatchObject({
        status: 400,
        body: { code: 'validation_failed', errors: [{ field }] },
      });
    }
    expect(await customerRows()).toEqual(before);
  });

  describe('validation', () => {
    const NAME = 'name must be 1 to 128 printable characters.';
    const CONTACT = 'contact must be 1 to 128 printable characters.';
    const ADDRESS = 'address must be 1 to 512 printable characters and line breaks.';

    it.each<[string, object, Record<string, string>]>([
      ['a missing address', { name: 'Ada' }, { address: ADDRESS }],
      ['a null address', { address: null }, { address: ADDRESS }],
      [
        'several invalid fields',
        { name: '', contact: 7, address: [] },
        { name: NAME, contact: CONTACT, address: ADDRESS },
      ],
      [
        'overlong fields',
        { name: 'x'.repeat(129), address: 'x'.repeat(513) },
        { name: NAME, address: ADDRESS },
      ],
      ['blank fields', { contact: '  ', address: ' \n ' }, { contact: CONTACT, address: ADDRESS }],
      ['lists instead of text', { name: ['Ada'], address: ['x'] }, { name: NAME, address: ADDRESS }],
      ['a line break in a name', { name: 'Ada\nEve', address: 'x' }, { name: NAME }],
      ['a NUL', { name: 'Ada\u0000', address: 'x\u0000' }, { name: NAME, address: ADDRESS }],
      ['a carriage return', { address: 'x\ry' }, { address: ADDRESS }],
      [
        'control characters',
        { contact: '\u001b[2J', address: 'x\u007f' },
        { contact: CONTACT, address: ADDRESS },
      ],
      [
        'bidirectional control characters',
        { name: '\u202eadA', address: 'x\u2066' },
        { name: NAME, address: ADDRESS },
      ],
      ['a lone surrogate', { name: 'x\ud83d', address: 'x' }, { name: NAME }],
      [
        'both spellings of contact',
        { ...GRACE, contect: '1' },
        { contect: 'contect is another name for contact. Send only one of them.' },
      ],
    ])('rejects %s with one message per field', async (_, body, errors) => {
      const before = await customerRows();
      const reply = await ada.post('/customers', body).expect(400);
      const fieldErrors = (reply.body as { errors: { field: string; detail: string }[] }).errors;
      expect(Object.fromEntries(fieldErrors.map(({ field, detail }) => [field, detail]))).toEqual(errors);
      expect(fieldErrors).toHaveLength(Object.keys(errors).length);
      expect(await customerRows()).toEqual(before);
    });

    it('rejects an empty update and an update that clears the address', async () => {
      const { id } = await addCustomer();
      const path = `/customers/${id}`;
      for (const [body, detail] of [
        [{}, 'Send at least one of name, contact and address.'],
        [{ address: null }, ADDRESS],
        [{ contact: null, contect: null }, 'contect is another name for contact. Send only one of them.'],
      ] as const)
        expect((await ada.patch(path, body).expect(400)).body).toMatchObject({
          errors: [{ detail }],
        });
    });
  });

  describe('legacy spelling contect', () => {
    const contect = '+14155550199';

    it('stores contect as the contact', async () => {
      const customer = await addCustomer({ contect, address: 'x' });
      expect(customer).toEqual(customerReply({ name: null, contact: contect, address: 'x' }));
      const path = `/customers/${customer.id}`;
      expect((await ada.patch(path, { contect: '1' }).expect(200)).body).toMatchObject({
        contact: '1',
      });
      expect((await ada.patch(path, { contect: null }).expect(200)).body).toMatchObject({
        contact: null,
      });
    });

    it('returns contect beside contact under /api', async () => {
      const bob = await newUser();
      const reply = await bob.post('/api/customers', { name: 'Bob', contect, address: 'x' }).expect(201);
      const { msg, ...customer } = reply.body as Customer & { msg: string };
      expect(msg).toBe('Customer added.');
      expect(customer).toEqual(customerReply({ name: 'Bob', contact: contect, contect, address: 'x' }));
      await bob.get('/api/customers').expect(200, [customer]);

      const [plain] = (await bob.get('/customers').expect(200)).body as Customer[];
      expect({ ...plain, contect }).toEqual(customer);
      expect(plain).not.toHaveProperty('contect');
    });

    it('accepts a token without Bearer under /api and pages there too', async () => {
      const bob = await newUser();
      const withBareToken = (test: ReturnType<typeof app.get>) => test.set('authorization', bob.accessToken);
      await withBareToken(app.post('/api/customers', { address: 'a' })).expect(201);
      await withBareToken(app.post('/api/customers', { address: 'b' })).expect(201);
      const first = await withBareToken(app.get('/api/customers?limit=1')).expect(200);
      expect(nextPath(first)).toMatch(/^\/api\/customers\?limit=1&cursor=/);
      const second = await withBareToken(app.get(nextPath(first) ?? '')).expect(200);
      expect((second.body as Customer[]).map(({ address }) => address)).toEqual(['b']);

      await withBareToken(app.get('/customers')).expect(401);
    });
  });

  it('refuses more customers than CUSTOMERS_PER_USER until one is deleted', async () => {
    const small = await TestApp.start({ CUSTOMERS_PER_USER: '2' });
    try {
      const [bob, eva] = [await signUp(small, 'bob@example.com'), await signUp(small, 'eva@example.com')];
      const { body } = await bob.post('/customers', { address: 'a' }).expect(201);
      await bob.post('/api/customers', { address: 'b' }).expect(201);
      for (const path of ['/customers', '/api/customers']) {
        const refused = await bob.post(path, { address: 'c' }).expect(409);
        expect(refused.body).toMatchObject({ code: 'too_many_customers' });
        expect(refused.body.msg).toBe(path === '/customers' ? undefined : refused.body.detail);
      }
      await eva.post('/customers', { address: 'a' }).expect(201);
      const { id } = body as Customer;
      await bob.patch(`/customers/${id}`, { address: 'd' }).expect(200);
      await eva.delete(`/customers/${id}`).expect(404);
      await bob.post('/customers', { address: 'c' }).expect(409);
      for (const status of [204, 404]) await bob.delete(`/customers/${id}`).expect(status);
      await bob.post('/customers', { address: 'c' }).expect(201);
      await bob.post('/customers', { address: 'd' }).expect(409);
    } finally {
      await small.stop();
    }
  });
});
