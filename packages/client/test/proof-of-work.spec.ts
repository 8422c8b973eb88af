import { createHash, pbkdf2Sync, randomBytes } from 'node:crypto';
import { createClient, memoryStorage, type ProofOfWorkProgress } from '@otp-auth/client';
import { StubServer, type StubRequest } from './stub-server.js';

interface Parameters {
  algorithm: string;
  nonce: string;
  salt: string;
  cost: number;
  keyLength: number;
  keyPrefix: string;
}

function challengeOf(parameters: Partial<Parameters>) {
  return {
    parameters: {
      algorithm: 'PBKDF2/SHA-256',
      nonce: randomBytes(16).toString('hex'),
      salt: randomBytes(16).toString('hex'),
      cost: 100,
      keyLength: 32,
      keyPrefix: '0a',
      ...parameters,
    },
    signature: 'signed',
  };
}

/** Checks a payload as the ALTCHA library does. */
function isSolved(payload: unknown): boolean {
  const { challenge, solution } = JSON.parse(Buffer.from(String(payload), 'base64').toString()) as {
    challenge: { parameters: Parameters };
    solution: { counter: number; derivedKey: string };
  };
  const { algorithm, nonce, salt, cost, keyLength, keyPrefix } = challenge.parameters;
  const counter = Buffer.alloc(4);
  counter.writeUInt32BE(solution.counter);
  const password = Buffer.concat([Buffer.from(nonce, 'hex'), counter]);
  let key = Buffer.concat([Buffer.from(salt, 'hex'), password]);
  if (algorithm === 'PBKDF2/SHA-256')
    key = pbkdf2Sync(password, Buffer.from(salt, 'hex'), cost, keyLength, 'sha256');
  else for (let i = 0; i < cost; i++) key = createHash('sha256').update(key).digest();
  return key.toString('hex') === solution.derivedKey && solution.derivedKey.startsWith(keyPrefix);
}

describe('proof of work', () => {
  let stub: StubServer;
  beforeAll(async () => {
    stub = await StubServer.start();
  });
  afterAll(() => stub?.stop());

  const refusal = (parameters: Partial<Parameters> = {}) => ({
    status: 403,
    body: { code: 'proof_of_work_required', title: 'Forbidden', proofOfWork: challengeOf(parameters) },
  });
  const sent = { body: { challenge: { id: 'c1' } } };
  const proofsIn = (requests: StubRequest[]) => requests.map(({ body }) => body.proofOfWork);

  function sendCode(options?: { signal?: AbortSignal }, onProofOfWork?: (p: ProofOfWorkProgress) => void) {
    stub.requests.length = 0;
    const auth = createClient({ url: stub.url, storage: memoryStorage(), onProofOfWork });
    return auth.sendCode({ email: 'ada@example.com' }, options);
  }

  it.each(['PBKDF2/SHA-256', 'SHA-256'])('with %s is solved and the request repeated', async (algorithm) => {
    stub.reply = ({ body }) => (isSolvedIn(body) ? sent : refusal({ algorithm }));
    const progress: ProofOfWorkProgress[] = [];
    const challenge = await sendCode({}, (report) => progress.push(report));
    expect(challenge.id).toBe('c1');
    expect(stub.requests.map(({ body }) => body.email)).toEqual(['ada@example.com', 'ada@example.com']);
    expect(progress[0]).toEqual({ tried: 0, expected: 256, done: false });
    expect(progress.at(-1)).toMatchObject({ done: true, expected: 256 });
    expect(progress.at(-1)?.tried).toBeGreaterThan(0);
  });
  const isSolvedIn = ({ proofOfWork }: StubRequest['body']) => Boolean(proofOfWork && isSolved(proofOfWork));

  it('is solved again when the first one came too late', async () => {
    stub.reply = () => (stub.requests.length === 3 ? sent : refusal());
    await sendCode();
    expect(new Set(proofsIn(stub.requests)).size).toBe(3);
  });

  it('is solved three times at most', async () => {
    stub.reply = () => refusal();
    await expect(sendCode()).rejects.toMatchObject({ code: 'proof_of_work_required' });
    expect(stub.requests).toHaveLength(4);
  });

  it('stops when the caller gives up', async () => {
    stub.reply = () => refusal({ keyPrefix: '0'.repeat(64) });
    const stop = new AbortController();
    const sending = sendCode({ signal: stop.signal }, ({ tried }) => tried > 0 && stop.abort());
    await expect(sending).rejects.toMatchObject({ name: 'AbortError' });
    expect(stub.requests).toHaveLength(1);
  });

  it('is reported as a problem if this client cannot solve it', async () => {
    stub.reply = () => refusal({ algorithm: 'ARGON2ID' });
    await expect(sendCode()).rejects.toMatchObject({ code: 'proof_of_work_required' });
    expect(stub.requests).toHaveLength(1);
  });

  it('leaves the event loop free', async () => {
    stub.reply = ({ body }) => (isSolvedIn(body) ? sent : refusal({ cost: 20_000, keyPrefix: '0a' }));
    let ticks = 0;
    const timer = setInterval(() => ticks++, 5);
    await sendCode();
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(5);
  });
});
