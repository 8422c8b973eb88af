import type { Response } from 'supertest';
import { changeContact, PASSWORD, signUp, type Person } from '../support/accounts.js';
import type { Client } from '../support/client.js';
import { Cluster } from '../support/cluster.js';
import { tally } from '../support/parallel.js';
import { until } from '../support/until.js';

const ROUNDS = 6;

describe('addresses that two processes prove at once', () => {
  let cluster: Cluster;
  let clientA: Client;
  let clientB: Client;
  let people = 0;
  beforeAll(async () => {
    cluster = await Cluster.start(2, {
      BCRYPT_COST: '4',
      SIGN_UP_ON_VERIFY: 'true',
      PUBLIC_URL: 'https://auth.acme.test',
    });
    [clientA, clientB] = cluster.clients as [Client, Client];
  });
  afterAll(() => cluster?.stop());

  const newEmail = () => `somebody-${++people}@example.com`;
  const newPhone = () => `+1415555${String(++people).padStart(4, '0')}`;
  const owners = async (address: string) =>
    (
      await cluster.sql<{ id: string }>(
        'select id from users where email = $1 or (phone = $1 and phone_verified_at is not null)',
        [address],
      )
    ).map(({ id }) => id);
  const claims = (phone: string) =>
    cluster.sql('select from users where phone = $1 and phone_verified_at is null', [phone]);
  const userOf = ({ body }: Response) => (body as { user?: { id: string } }).user?.id;

  /** The inbox is in the process that sends, so codes are requested and read there. */
  async function signInCode(address: { email: string } | { phone: string }): Promise<string> {
    const [to = ''] = Object.values<string>(address);
    return (await clientA.codeOf(to, () => clientA.post('/auth/send_otp', address).expect(201))).otp;
  }
  /** A notice is sent, and shown in the inbox, by either process. */
  const undoToken = (to: string) =>
    until(`an undo link to ${to}`, async () => {
      const texts = [...(await clientA.messages(to)), ...(await clientB.messages(to))].map(
        ({ text }) => text,
      );
      return texts.flatMap((text) => /\/undo#token=([\w-]+)/.exec(text)?.[1] ?? [])[0];
    });
  const verify = (client: Client, body: object, device = '') =>
    client.post('/auth/verify_otp', body).set('x-device-token', device);

  it('links a number to one of two claimants with evidence, and both get its account', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const phone = newPhone();
      const ada = await signUp(clientA, newEmail(), { phone });
      const bob = await signUp(clientA, newEmail(), { phone });
      const [first, second] = round % 2 ? [ada, bob] : [bob, ada];
      const held = {
        lock: 'select from users where phone = $1 order by id for no key update',
        key: phone,
      };
      const otp = await signInCode({ phone });
      const replies: Promise<Response>[] = [];
      await cluster.whileHeld<unknown>(
        held,
        1,
        () => replies[replies.push(verify(clientA, { phone, otp }, first.deviceToken).then()) - 1]!,
        async () => {
          const next = await signInCode({ phone });
          replies.push(verify(clientB, { phone, otp: next }, second.deviceToken).then());
          await cluster.untilWaiting(2);
        },
      );
      const results = await Promise.all(replies);
      expect(results.map(({ status }) => status)).toEqual([201, 201]);
      const [owner, ...others] = await owners(phone);
      expect(others).toEqual([]);
      expect([ada.user.id, bob.user.id]).toContain(owner);
      expect(results.map(userOf)).toEqual([owner, owner]);
      expect(await claims(phone)).toEqual([]);
    }
  });

  it('links nothing when an undo ends the evidence while the proof waits', async () => {
    const phone = newPhone();
    const owner = await signUp(clientA, newEmail(), { phone });
    await changeContact(clientA, owner, { email: newEmail() });
    const token = await undoToken(owner.email);
    const otp = await signInCode({ phone });
    let proof: Promise<Response> | undefined;
    const undone = await cluster.whileHeld(
      { lock: 'select from sessions where user_id = $1 for update', key: owner.user.id },
      1,
      () => clientA.post('/users/contact/undo', { token }).then(),
      async () => {
        proof = verify(clientB, { phone, otp }, owner.deviceToken).then();
        await cluster.untilWaiting(2);
      },
    );
    expect(undone.status).toBe(204);
    const reply = (await proof)!;
    expect(reply.status).toBe(201);
    expect(userOf(reply)).not.toBe(owner.user.id);
    expect(await owners(phone)).toEqual([userOf(reply)]);
  });

  it('opens an account of the prover while others register and verify a claim to the number', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const phone = newPhone();
      const early = await signUp(clientA, newEmail(), { phone });
      const email = newEmail();
      await clientA.post('/auth/register', { email, password: PASSWORD, phone }).expect(201);
      const claimCode = await clientA.code(email);
      const otp = await signInCode({ phone });
      const [proof, claim] = await Promise.all([
        verify(clientA, { phone, otp }),
        clientB.post('/auth/verify', { email, otp: claimCode }),
      ]);
      expect([proof.status, claim.status]).toEqual([201, 200]);
      expect(await owners(phone)).toEqual([userOf(proof)]);
      expect([early.user.id, userOf(claim)]).not.toContain(userOf(proof));
    }
  });

  it('proves swapped numbers in parallel without a deadlock', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const [one, two] = [newPhone(), newPhone()];
      const ada = await signUp(clientA, newEmail(), { phone: one });
      const bob = await signUp(clientA, newEmail(), { phone: two });
      const request = async (person: Person, phone: string) =>
        (await clientA.codeOf(phone, () => person.patch('/users/me', { phone }).expect(200))).otp;
      const [adaCode, bobCode] = [await request(ada, two), await request(bob, one)];
      const confirm = (client: Client, person: Person, body: object) =>
        client.post('/users/me/contact/verify', body).set('authorization', `Bearer ${person.accessToken}`);
      const replies = await Promise.all([
        confirm(clientA, ada, { phone: two, otp: adaCode }),
        confirm(clientB, bob, { phone: one, otp: bobCode }),
      ]);
      expect(tally(replies as never)).toEqual({ '200': 2 });
      expect([await owners(one), await owners(two)]).toEqual([[bob.user.id], [ada.user.id]]);
    }
  });

  describe('an old address', () => {
    it('goes to no new account when a registration is verified while the change commits', async () => {
      const email = newEmail();
      const owner = await signUp(clientA, newEmail());
      await clientA.post('/auth/register', { email, password: PASSWORD }).expect(201);
      const registrationCode = await clientA.code(email);
      await changeContact(clientA, owner, { email });
      const newest = newEmail();
      const { otp } = await clientA.codeOf(newest, () =>
        owner.patch('/users/me', { email: newest }).expect(200),
      );
      // Another session, which the change ends: its lock stops the change before the commit.
      await clientA.post('/auth/login', { email, password: PASSWORD }).expect(200);
      let verified: Promise<Response> | undefined;
      const changed = await cluster.whileHeld(
        { lock: 'select from sessions where user_id = $1 for update', key: owner.user.id },
        1,
        () => owner.post('/users/me/contact/verify', { email: newest, otp }).then(),
        async () => {
          verified = clientB.post('/auth/verify', { email, otp: registrationCode }).then();
          await cluster.untilWaiting(2);
        },
      );
      expect(changed.status).toBe(200);
      expect((await verified)!.body).toMatchObject({ code: 'address_reserved' });
      expect(await owners(email)).toEqual([]);
    });

    it('is restored when it is proved while the undo commits, and the proof opens that account', async () => {
      const owner = await signUp(clientA, newEmail());
      const { email } = owner;
      await changeContact(clientA, owner, { email: newEmail() });
      const token = await undoToken(email);
      const otp = await signInCode({ email });
      let proof: Promise<Response> | undefined;
      const undone = await cluster.whileHeld(
        { lock: 'select from sessions where user_id = $1 for update', key: owner.user.id },
        1,
        () => clientA.post('/users/contact/undo', { token }).then(),
        async () => {
          proof = verify(clientB, { email, otp }).then();
          await cluster.untilWaiting(2);
        },
      );
      expect(undone.status).toBe(204);
      expect(userOf((await proof)!)).toBe(owner.user.id);
      expect(await owners(email)).toEqual([owner.user.id]);
    });

    it('is restored whenever the undo races with a proof, a registration and a contact change', async () => {
      for (let round = 0; round < ROUNDS; round++) {
        const owner = await signUp(clientA, newEmail());
        const other = await signUp(clientA, newEmail());
        const { email } = owner;
        await changeContact(clientA, owner, { email: newEmail() });
        const token = await undoToken(email);
        const change = await clientA.codeOf(email, () => other.patch('/users/me', { email }).expect(200));
        const otp = await signInCode({ email });
        const [undone, proof, registered, changed] = await Promise.all([
          clientA.post('/users/contact/undo', { token }),
          verify(clientB, { email, otp }),
          clientB.post('/auth/register', { email, password: PASSWORD }),
          clientB
            .post('/users/me/contact/verify', { email, otp: change.otp })
            .set('authorization', `Bearer ${other.accessToken}`),
        ]);
        expect(undone.status).toBe(204);
        expect([undefined, owner.user.id]).toContain(userOf(proof));
        // 409 changed_meanwhile: the proof found the account before the undo was complete.
        expect([201, 409]).toContain(proof.status);
        expect([201, 429]).toContain(registered.status);
        expect(changed.status).toBe(409);
        expect(await owners(email)).toEqual([owner.user.id]);
      }
    });
  });
});
