import { execFileSync } from 'node:child_process';
import { Agent } from 'node:http';
import { Cluster } from '../support/cluster.js';
import { inParallel, post, type Call, type Reply } from '../support/parallel.js';
import { forms } from '../support/secrets.js';
import { until } from '../support/until.js';
import { VendorStub, type Fault } from '../support/vendor-stub.js';
import { POSTMARK_TOKEN, TWILIO_TOKEN } from '../support/vendors.js';

const PEOPLE = 300;
const APP_SECRET = 'app-secret-1f2e3d4c5b6a79880716253443526170';
const FAULTS: (Fault | undefined)[] = [undefined, 'failed', 'rejected', 'hang before accepting', undefined];

describe('secrecy of codes and credentials', () => {
  let cluster: Cluster;
  let vendors: VendorStub;
  const agent = new Agent({ keepAlive: true, maxSockets: 32 });
  beforeAll(async () => {
    vendors = await VendorStub.start();
    // The last digit of an address selects the fault of its first attempt. Later attempts succeed.
    vendors.behave((to, earlier) =>
      earlier > 0 ? {} : { fault: FAULTS[Number(/\d(?=\D*$)/.exec(to)) % FAULTS.length] },
    );
    cluster = await Cluster.start(2, {
      ...vendors.settings,
      APP_SECRET,
      LOG_LEVEL: 'debug',
      OTP_EXPOSE_CODE: 'true',
      // Ten digits are long enough that a log or a dump practically never contains them by chance.
      OTP_LENGTH: '10',
    });
  });
  afterAll(async () => {
    agent.destroy();
    await cluster?.stop();
    await vendors?.stop();
  });

  it('keeps codes and credentials out of logs, error bodies and database dumps', async () => {
    const codes: string[] = [];
    const refusals: Reply[] = [];
    let next = 0;
    await inParallel(16, async () => {
      const person = next++;
      if (person >= PEOPLE) return false;
      const address =
        person % 2 ? { phone_number: `+1415${7_000_000 + person}` } : { email: `p${person}@example.com` };
      const context = person % 3 ? undefined : { amount: '39.99 EUR', payee: 'Acme' };
      const url = cluster.urls[person % 4 < 2 ? 0 : 1] ?? '';
      const sent = await post(url, call('/otp/generate', { ...address, context }), agent);
      const code = sent.body.otp as string;
      expect(code).toMatch(/^\d{10}$/);
      codes.push(code);
      for (const misuse of misuses(address, context, code)) refusals.push(await post(url, misuse, agent));
      if (person % 7 > 0) {
        const right = await post(url, call('/otp/verify', { ...address, context, otp: code }), agent);
        expect(right.status).toBe(200);
        refusals.push(await post(url, call('/otp/verify', { ...address, context, otp: code }), agent));
      }
      return true;
    });
    // A database error for a statement that has the code among its parameters.
    await cluster.cutConnections();
    const [outage] = await Promise.all([
      post(cluster.urls[0] ?? '', call('/otp/verify', { email: 'p0@example.com', otp: codes[0] }), agent),
    ]);
    refusals.push(outage);
    const unfinished = `select from messages where state in ('queued', 'sending')`;
    await until('every message is finished', async () => (await cluster.sql(unfinished)).length === 0, 40);

    expect(refusals.filter(({ status }) => status < 400)).toEqual([]);
    // The vendors received these codes, and every kind of fault occurred.
    expect(
      vendors.calls.filter(({ text }) => codes.some((code) => text.includes(code))).length,
    ).toBeGreaterThanOrEqual(PEOPLE);
    expect(new Set(vendors.calls.map(({ fault }) => fault))).toEqual(new Set(FAULTS));
    expect(cluster.log).toContain('message not accepted');

    const dump = execFileSync('pg_dump', ['--dbname', cluster.url], {
      encoding: 'utf8',
      maxBuffer: 1 << 30,
    });
    expect(dump).toContain('COPY public.challenges');
    const bodies = refusals.map(({ headers, body }) => JSON.stringify([headers, body])).join('\n');
    const secrets = [...codes, TWILIO_TOKEN, POSTMARK_TOKEN, APP_SECRET];
    const inBase64 = Buffer.from(`{"code":"${codes[0]}"}`).toString('base64');
    expect(forms(codes[0] ?? '').some((form) => inBase64.includes(form))).toBe(true);
    for (const [place, text] of Object.entries({ log: cluster.log, bodies, dump })) {
      expect({
        place,
        found: secrets.filter((secret) => forms(secret).some((form) => text.includes(form))),
      }).toEqual({
        place,
        found: [],
      });
    }
    process.stderr.write(
      `secrecy: ${codes.length} codes, ${refusals.length} refusals, ` +
        `${vendors.calls.length} vendor calls, ${cluster.log.split('\n').length} log lines, ${dump.length} bytes of dump\n`,
    );
  });
});

function call(path: string, body: object): Call {
  return { path, body };
}

/** Requests that are refused and leave at least one guess for the right code. */
function misuses(address: object, context: object | undefined, otp: string): Call[] {
  const wrong = String((Number(otp) + 1) % 10 ** 10).padStart(10, '0');
  const right = { ...address, context, otp };
  return [
    call('/otp/verify', { ...right, otp: wrong }),
    call('/otp/verify', { ...right, otp: ` ${otp}` }),
    call('/otp/verify', { ...right, otp: `${otp}\n` }),
    call('/otp/verify', { ...right, otp: [otp] }),
    call('/otp/verify', { ...right, otp: Number(otp) }),
    call('/otp/verify', { ...right, otp: `${otp}1` }),
    call('/otp/verify', { ...right, purpose: 'login' }),
    call('/otp/verify', { ...right, purpose: 'payout' }),
    call('/otp/verify', { ...right, unknown: otp }),
    call('/otp/verify', { ...right, context: { code: otp, link: `https://evil.example/${otp}` } }),
    call('/otp/verify', { otp }),
    call('/otp/verify', { email: `${otp}@`, otp }),
    call('/otp/verify', { phone_number: `${otp}${otp}`, otp }),
    call('/auth/verify_otp', {
      ...('email' in address ? address : { phone: '+14157009999' }),
      otp,
    }),
    call(`/otp/verify/${otp}`, right),
    call(`/otp/nothing?otp=${otp}`, right),
    call('/otp/generate', { ...address, context }),
    call('/otp/resend', { ...address, context }),
  ];
}
