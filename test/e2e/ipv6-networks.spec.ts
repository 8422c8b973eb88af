import { TestApp } from '../support/app.js';
import { forgeProof } from '../support/proof.js';

const APP_SECRET = 'the secret of this test';
const HOUR = 3_600;
/** A /48 has four times as much as a /64. */
const FREE = { narrow: 5, wide: 20 };
const WITH_PROOFS = { narrow: 20, wide: 80 };

describe.each(['enforce', 'observe'])('networks of IPv6, FRAUD_MODE=%s', (mode) => {
  let app: TestApp;
  let people = 0;
  beforeAll(async () => {
    app = await TestApp.start({
      APP_SECRET,
      TRUST_PROXY: 'loopback',
      FRAUD_MODE: mode,
      OTP_EXPOSE_CODE: 'true',
    });
  });
  afterAll(() => app?.stop());
  beforeEach(() => app.sql('delete from budget_counters'));

  /** Asks for a code to a new address. Returns the answer, or the verdict of the message. */
  async function send(ip: string, level = 0): Promise<string> {
    const email = `somebody-${++people}@example.com`;
    const proofOfWork =
      level > 0 ? await forgeProof(APP_SECRET, { subject: `email:${email}`, ip, level }) : undefined;
    const { status, body } = await app
      .post('/otp/generate', { email, proofOfWork })
      .set('x-forwarded-for', ip);
    if (status !== 200) return `${status} ${(body as { code: string }).code}`;
    const [message] = await app.sql<{ verdict: string }>(
      'select verdict from messages where recipient = $1',
      [`email:${email}`],
    );
    return message?.verdict ?? '';
  }
  async function sendMany(count: number, ipOf: (index: number) => string, level = 0) {
    const found: Record<string, number> = {};
    for (let index = 0; index < count; index++) {
      const answer = await send(ipOf(index), level);
      found[answer] = (found[answer] ?? 0) + 1;
    }
    return found;
  }
  const expected = (counts: Record<string, number>) =>
    Object.fromEntries(
      Object.entries(counts).map(([answer, count]) => [
        mode === 'enforce' || answer === 'allowed' ? answer : 'observed:network',
        count,
      ]),
    );

  const [ASKED, REFUSED] = ['403 proof_of_work_required', '429 network_send_limit'];
  /** The `index`-th /64 of a /48, from different hosts and in different spellings. */
  const inWide = (index: number) =>
    index % 2
      ? `2001:db8:7:${index.toString(16)}::${index + 1}`
      : `2001:0DB8:0007:${index.toString(16).padStart(4, '0')}:0:0:0:${index + 1}`;

  it('allow five recipients in a /64, whatever the host', async () => {
    const hosts = (index: number) => `2001:db8:5:5:${index}::1`;
    expect(await sendMany(FREE.narrow + 3, hosts)).toEqual(expected({ allowed: FREE.narrow, [ASKED]: 3 }));
    expect(await send('2001:db8:5:6::1')).toBe('allowed');
  });

  it('allow four times as many in a /48, one in each /64', async () => {
    expect(await sendMany(FREE.wide + 5, inWide)).toEqual(expected({ allowed: FREE.wide, [ASKED]: 5 }));
    // A neighbour is not affected.
    expect(await send('2001:db8:8::1')).toBe('allowed');
    await app.ageWhenSent(HOUR + 1);
    expect(await send(inWide(0))).toBe('allowed');
  });

  it('allow four times as many in a /48 with proofs of work, and no more', async () => {
    const withProofs = WITH_PROOFS.wide - FREE.wide;
    const answers = await sendMany(WITH_PROOFS.wide + 5, inWide, 4);
    expect(answers).toEqual(
      mode === 'enforce'
        ? { allowed: FREE.wide, proof_of_work: withProofs, [REFUSED]: 5 }
        : { allowed: FREE.wide, 'observed:network': withProofs + 5 },
    );
  });

  it('pay back in both with right codes', async () => {
    await sendMany(FREE.wide, inWide);
    for (let index = 0; index < 3; index++) {
      const email = `honest-${index}-${mode}@example.com`;
      const ip = inWide(index);
      const proofOfWork = await forgeProof(APP_SECRET, { subject: `email:${email}`, ip, level: 4 });
      const { body } = await app
        .post('/otp/generate', { email, proofOfWork })
        .set('x-forwarded-for', ip)
        .expect(200);
      const { otp } = body as { otp: string };
      await app.post('/otp/verify', { email, otp }).set('x-forwarded-for', ip).expect(200);
    }
    // Outstanding are 20, and free are four times five and three right codes.
    const left = 4 * 3;
    expect(await sendMany(left + 2, (index) => inWide(100 + index))).toEqual(
      expected({ allowed: left, [ASKED]: 2 }),
    );
  });
});
