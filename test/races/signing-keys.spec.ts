import { signUp, type Person } from '../support/accounts.js';
import { Backend } from '../support/backend.js';
import { Client } from '../support/client.js';
import { Cluster } from '../support/cluster.js';
import { runCommand } from '../support/command.js';
import { decode, signed } from '../support/jws.js';
import { openSigningKey, type SigningKeyRow } from '../support/signing-key.js';
import { until } from '../support/until.js';

const ISSUER = 'https://auth.acme.test';
const OLD = 'one for all of them';
const NEW = 'the next one for all of them';

interface KeySet {
  keys: { kid: string }[];
}

const kidOf = (token: string) => decode(token.split('.')[0]).kid as string;
const getMe = (client: Client, token: string) =>
  client.get('/users/me').set('authorization', `Bearer ${token}`);
const kidsAt = async (client: Client) =>
  ((await client.get('/.well-known/jwks.json').expect(200)).body as KeySet).keys.map(({ kid }) => kid);

describe('signing keys, over two processes', () => {
  let cluster: Cluster;
  let people = 0;
  beforeEach(async () => {
    cluster = await Cluster.start(2, { BCRYPT_COST: '4', OTP_EXPOSE_CODE: 'true', PUBLIC_URL: ISSUER });
  });
  afterEach(() => cluster?.stop());

  const revoke = (...kid: string[]) =>
    runCommand(['keys:revoke', ...(kid.length > 0 ? ['--', ...kid] : [])], {
      NODE_ENV: 'test',
      DATABASE_URL: cluster.url,
      APP_SECRET: OLD,
    });

  async function newPerson(client = cluster.clients[0]): Promise<Person> {
    return signUp(client as Client, `somebody-${++people}@example.com`);
  }

  async function newProof(client: Client): Promise<string> {
    const email = `proof-${++people}@example.com`;
    const { body } = await client.post('/otp/generate', { email }).expect(200);
    const { otp } = body as { otp: string };
    return ((await client.post('/otp/verify', { email, otp }).expect(200)).body as { proof: string }).proof;
  }

  async function isRefusedByAll(token: string): Promise<boolean> {
    const replies = await Promise.all(cluster.clients.map((client) => getMe(client, token)));
    return replies.every(({ status }) => status === 401);
  }

  /** What a process does for a client whose access token was refused. */
  async function expectNewTokens(person: Person): Promise<void> {
    let { refreshToken } = person;
    for (const client of cluster.clients) {
      const { body } = await client.post('/auth/refresh', { refreshToken }).expect(200);
      const tokens = body as { accessToken: string; refreshToken: string };
      refreshToken = tokens.refreshToken;
      for (const other of cluster.clients) await getMe(other, tokens.accessToken).expect(200);
    }
  }

  it('are refused in both processes after keys:revoke with a kid, and a new one signs', async () => {
    const [clientA, clientB] = cluster.clients as [Client, Client];
    const person = await newPerson();
    const proof = await newProof(clientB);
    const kid = kidOf(person.accessToken);
    const [, nextKid] = await kidsAt(clientA);

    expect(await revoke(kid)).toEqual({ code: 0, stdout: `Revoked ${kid}\n`, stderr: '' });
    await until('the token is refused', () => isRefusedByAll(person.accessToken));
    for (const client of cluster.clients) {
      const kids = await kidsAt(client);
      expect(kids).toHaveLength(2);
      expect(kids).not.toContain(kid);
      expect(kids).toContain(nextKid);
    }
    await expectNewTokens(person);
    const backend = await Backend.start(`${clientB.url}/.well-known/jwks.json`, ISSUER, ISSUER);
    expect(await backend.answer('/proof', proof)).toBe(401);
    expect(await backend.answer('/proof', await newProof(clientA))).toBe(200);
    backend.stop();
    expect(await cluster.sql('select actor_id, action, details from audit_entries')).toEqual([
      { actor_id: null, action: 'keys.revoke', details: { kid } },
    ]);

    expect(await revoke(kid)).toMatchObject({ code: 1, stdout: `There is no signing key ${kid}.\n` });
    expect(await cluster.sql('select from audit_entries')).toHaveLength(1);
  });

  it('are all replaced after keys:revoke without a kid', async () => {
    const [clientA, clientB] = cluster.clients as [Client, Client];
    const person = await newPerson();
    const before = await kidsAt(clientA);
    const { code, stdout } = await revoke();
    expect(code).toBe(0);
    expect(stdout.split('\n').sort()).toEqual(['', ...before.map((kid) => `Revoked ${kid}`)].sort());
    await until('the token is refused', () => isRefusedByAll(person.accessToken));
    const after = await kidsAt(clientA);
    expect(after.filter((kid) => before.includes(kid))).toEqual([]);
    expect(await kidsAt(clientB)).toEqual(after);
    await expectNewTokens(person);
  });

  it('of a secret that is no longer configured sign nothing that is accepted', async () => {
    const person = await newPerson();
    const rows = await cluster.sql<SigningKeyRow>('select * from signing_keys');
    const [header, claims] = person.accessToken.split('.').map((part, i) => (i < 2 ? decode(part) : {}));
    const forgeries = rows.map((row) =>
      signed({ ...header, kid: row.kid }, { ...claims, roles: ['user', 'admin'] }, openSigningKey(OLD, row)),
    );
    const rolesAre = (token: string, client: Client) =>
      client.get('/users').set('authorization', `Bearer ${token}`);
    // The test can forge: while the secret is the current or the previous one, the key counts.
    const during = new Client((await cluster.add({ APP_SECRET: NEW, APP_SECRET_PREVIOUS: OLD })).url);
    for (const token of forgeries) await getMe(during, token).expect(200);

    const after = new Client((await cluster.add({ APP_SECRET: NEW })).url);
    for (const token of [...forgeries, person.accessToken]) {
      await getMe(after, token).expect(401);
      await rolesAre(token, after).expect(401);
    }
    const kids = await kidsAt(after);
    expect(kids).toHaveLength(2);
    expect(kids.filter((kid) => rows.some((row) => row.kid === kid))).toEqual([]);
    const { body } = await after.post('/auth/refresh', { refreshToken: person.refreshToken }).expect(200);
    await getMe(after, (body as { accessToken: string }).accessToken).expect(200);
  });
});
