import { Agent } from 'node:http';
import { availableParallelism, loadavg } from 'node:os';
import { Cluster } from '../support/cluster.js';
import { post, tally, type Reply } from '../support/parallel.js';
import { until } from '../support/until.js';
import { VendorStub, type Fault, type VendorCall } from '../support/vendor-stub.js';

/**
 * How long the faults last. To run longer:
 * `FAULTS_MINUTES=10 pnpm test:races --testPathPatterns mixed-faults`
 */
const MINUTES = Number(process.env.FAULTS_MINUTES ?? 1);
const KILL_EVERY_MS = MINUTES > 1 ? 60_000 : 20_000;
const SENDS_A_SECOND = 50;
/** Short, so that codes expire while the vendors fail. */
const TTL_SECONDS = 45;
/**
 * The longest time that a message waits for its next attempt: a lease, or a call that hangs and the
 * wait after it. A code that expires sooner after the vendors recover may not be sent in time.
 */
const LONGEST_WAIT_SECONDS = 30;

/** The vendor has the message but the server cannot know, so it may send the message twice. */
const UNKNOWN_OUTCOME: (Fault | undefined)[] = ['hang after accepting', 'hang mid-body', 'reset mid-body'];
const FAULTS: Fault[] = [
  ...(['html 500', 'html 502', 'throttled', 'throttled, retry after 1 s', 'unauthorized'] as const),
  ...(['hang before accepting', 'hang after accepting'] as const),
];
const BODY_FAULTS: Fault[] = ['garbage', 'hang mid-body', 'reset mid-body'];
/** Each vendor works, fails sometimes or is down, for five seconds each, in all combinations. */
const FAILURE_RATES = [0, 0.3, 1];
const PHASE_MS = 5_000;

interface Person {
  /** How long vendors take to answer for this person. */
  latencyMs: number;
  /** Vendors fail every message to this person until the end. */
  alwaysFails: boolean;
  otp?: string;
  expiresAt?: number;
}

describe('delivery with vendor faults while processes are killed', () => {
  const agent = new Agent({ keepAlive: true });
  const people = new Map<string, Person>();
  const answers: Reply[] = [];
  const latencies: number[] = [];
  /** For each kill, the messages that were being sent at that time. */
  const kills: { at: number; inFlight: Set<string> }[] = [];
  let cluster: Cluster;
  let vendors: VendorStub;
  let urls: string[];
  let killedUrl = '';
  let cutOff = 0;

  beforeAll(async () => {
    vendors = await VendorStub.start();
    cluster = await Cluster.start(2, {
      ...vendors.settings,
      SMS_PROVIDERS: 'twilio,webhook',
      MAIL_PROVIDERS: 'postmark,webhook',
      // A public URL makes the server pass the message's id to Twilio.
      PUBLIC_URL: 'https://codes.example.org',
      OTP_TTL_SECONDS: String(TTL_SECONDS),
      OTP_RESEND_SECONDS: '10',
      OTP_EXPOSE_CODE: 'true',
    });
    urls = cluster.urls;
  });
  afterAll(async () => {
    agent.destroy();
    await cluster?.stop();
    await vendors?.stop();
  });

  it(
    'loses no live code, sends none late and repeats only messages with an unknown outcome',
    async () => {
      const started = Date.now();
      const ended = started + MINUTES * 60_000;
      injectFaults(started);
      const killing = killPeriodically(started, ended);
      const requests: Promise<void>[] = [];
      while (Date.now() < ended) {
        requests.push(requestCode(requests.length));
        await sleepUntil(started + (requests.length * 1_000) / SENDS_A_SECOND);
      }
      await Promise.all([...requests, killing]);

      const recoveredAt = Date.now();
      vendors.heal();
      vendors.behave({ latencyMs: 20 });
      const unsent = (seconds: number) =>
        [...people].filter(
          ([to, { otp, expiresAt = 0 }]) =>
            expiresAt > recoveredAt + seconds * 1_000 &&
            !vendors.messagesTo(to).some(({ text }) => otp && text.includes(otp)),
        );
      const waiting = unsent(0).length;
      const inTime = unsent(LONGEST_WAIT_SECONDS).length;
      await until('the live codes are sent', () => unsent(LONGEST_WAIT_SECONDS).length === 0, 60).catch(
        () => 0,
      );
      const seconds = (Date.now() - recoveredAt) / 1_000;
      const unfinished = `select from messages where state in ('queued', 'sending')`;
      await until('every message is finished', async () => (await cluster.sql(unfinished)).length === 0, 60);

      latencies.sort((a, b) => a - b);
      const [median, p90, p99] = [0.5, 0.9, 0.99].map(
        (part) => latencies[Math.floor(latencies.length * part)],
      );
      const duplicates = findDuplicates();
      const states = await cluster.sql<{ state: string; count: number }>(
        'select state, count(*)::int from messages group by state',
      );
      note({
        answers: tally(answers),
        cutOff,
        median,
        p90,
        p99,
        slowest: latencies.at(-1),
        load: loadavg(),
      });
      note({
        calls: vendors.calls.length,
        inFlightAtKills: kills.map(({ inFlight }) => inFlight.size),
        states,
      });
      note({ ...duplicates, recovery: { waiting, inTime, seconds, tooLate: unsent(0).length } });

      expect(kills.length).toBeGreaterThan(1);
      // A retry meets the cooldown if the send was done before its answer was cut off.
      const repeated = answers.filter(({ body }) => body.code === 'otp_cooldown').length;
      expect(repeated).toBeLessThanOrEqual(cutOff);
      expect(answers.filter(({ status }) => status === 200).length).toBe(answers.length - repeated);
      expect(unsent(LONGEST_WAIT_SECONDS)).toEqual([]);
      expect(await findStrays()).toEqual({ late: [], otherCodes: [] });
      expect(duplicates.unexplained).toEqual([]);
      expect(findOverlaps()).toEqual([]);
      expect(states.map(({ state }) => state).sort()).toEqual(['expired', 'sent', 'superseded']);
      // Each start of a process takes a core for seconds. In a run of one minute, its three starts
      // slow down more than one request in a hundred.
      const usual = MINUTES > 1 ? p99 : p90;
      expect(isMachineBusy() ? median : usual).toBeLessThanOrEqual(250);
    },
    MINUTES * 60_000 + 180_000,
  );

  /** Gives each vendor its own sequence of phases. */
  function injectFaults(started: number): void {
    for (const [index, vendor] of (['twilio', 'postmark', 'webhook'] as const).entries()) {
      const decide = (to: string) => {
        const { latencyMs, alwaysFails } = people.get(to) as Person;
        const phase = Math.floor((Date.now() - started) / PHASE_MS);
        const turn = vendor === 'webhook' ? Math.floor(phase / 3) : phase + index;
        const failureRate = alwaysFails ? 1 : (FAILURE_RATES[turn % 3] ?? 0);
        if (Math.random() >= failureRate) return { latencyMs };
        // Any 2xx from a webhook accepts the message, so faults in its body do not apply.
        const faults = vendor === 'webhook' ? FAULTS : [...FAULTS, ...BODY_FAULTS];
        // Within one outage, every request meets the same fault.
        const kind = failureRate === 1 ? phase * 3 + index : Math.floor(Math.random() * faults.length);
        return {
          latencyMs,
          fault: alwaysFails ? 'html 500' : faults[kind % faults.length],
        } as const;
      };
      vendors.behave(decide, { vendor });
    }
  }

  /**
   * Requests a first code, or a second message for a person from 14 s ago. Uses the other process
   * if one was killed.
   */
  async function requestCode(number: number): Promise<void> {
    const isResend = number % 9 === 4 && number > 703;
    const to = addressOf(isResend ? number - 703 : number);
    const person = people.get(to) ?? {
      latencyMs: 10 + Math.random() * 290,
      alwaysFails: number % 27 === 3,
    };
    people.set(to, person);
    const path = isResend ? '/otp/resend' : '/otp/generate';
    const body = to.includes('@') ? { email: to } : { phone_number: to };
    for (const url of number % 2 ? urls : urls.toReversed()) {
      const wasKilled = killedUrl === url;
      const at = performance.now();
      try {
        const reply = await post(url, { path, body }, agent);
        latencies.push(performance.now() - at);
        answers.push(reply);
        const { otp, challenge } = reply.body as {
          otp?: string;
          challenge?: { expiresAt: string };
        };
        if (otp && challenge) Object.assign(person, { otp, expiresAt: Date.parse(challenge.expiresAt) });
        return;
      } catch (error) {
        // A request may fail only because its process was killed.
        if (!wasKilled && killedUrl !== url) throw error;
        cutOff++;
      }
    }
    throw new Error('neither process answered');
  }

  async function killPeriodically(started: number, ended: number): Promise<void> {
    for (let at = started + KILL_EVERY_MS / 2; at < ended; at += KILL_EVERY_MS) {
      await sleepUntil(at);
      // The process that has run longest, so both are killed in turn.
      const victim = cluster.servers.find(({ isRunning }) => isRunning);
      killedUrl = victim?.url ?? '';
      await victim?.stop('SIGKILL');
      const killed = Date.now();
      const rows = await cluster.sql<{ id: string }>(`select id from messages where state = 'sending'`);
      kills.push({ at: killed, inFlight: new Set(rows.map(({ id }) => id)) });
      await cluster.add({ PORT: new URL(killedUrl).port });
      killedUrl = '';
    }
  }

  /** Messages that a vendor accepted more than once, by cause. */
  function findDuplicates() {
    const found = { afterUnknown: 0, afterKill: 0, unexplained: [] as string[] };
    for (const [id, accepted] of groupByMessage(vendors.messages))
      for (const { at, fault } of accepted.slice(0, -1))
        if (UNKNOWN_OUTCOME.includes(fault)) found.afterUnknown++;
        else if (kills.some((kill) => at <= kill.at && kill.inFlight.has(id))) found.afterKill++;
        else found.unexplained.push(id);
    return found;
  }

  /** Messages that were accepted after their code expired, or with a code of another challenge. */
  async function findStrays(): Promise<{ late: VendorCall[]; otherCodes: string[] }> {
    const rows = await cluster.sql<{ id: string; challenge: string; expiresAt: Date }>(
      'select id, challenge_id as challenge, expires_at as "expiresAt" from messages',
    );
    const messages = new Map(rows.map((row) => [row.id, row]));
    const codes = new Map<string, string>();
    const otherCodes = vendors.messages.flatMap((call) => {
      const { challenge = 'none' } = messages.get(messageIdOf(call)) ?? {};
      const code = /\b\d{6}\b/.exec(call.text)?.[0] ?? 'none';
      const { otp = code } = people.get(call.to) ?? {};
      const expected = codes.get(challenge) ?? otp;
      codes.set(challenge, expected);
      return code === expected ? [] : [challenge];
    });
    const expiresAt = (call: VendorCall) => messages.get(messageIdOf(call))?.expiresAt.getTime() ?? 0;
    return { late: vendors.messages.filter((call) => call.at > expiresAt(call)), otherCodes };
  }

  /** Messages with an attempt that began before the previous attempt ended. */
  function findOverlaps(): string[] {
    // The server gives up a hanging call after eight seconds. Its clock starts slightly before the
    // call arrives here.
    const endOf = ({ at, to, fault }: VendorCall) =>
      at + (String(fault).startsWith('hang') ? 7_500 : (people.get(to)?.latencyMs ?? 0) - 2);
    return [...groupByMessage(vendors.calls)]
      .filter(([, calls]) => calls.some((call, i) => call.at < endOf(calls[i - 1] ?? { ...call, at: 0 })))
      .map(([id]) => id);
  }
});

function groupByMessage(calls: VendorCall[]): Map<string, VendorCall[]> {
  const found = new Map<string, VendorCall[]>();
  for (const call of calls) found.set(messageIdOf(call), [...(found.get(messageIdOf(call)) ?? []), call]);
  return found;
}

function messageIdOf({ vendor, payload }: VendorCall): string {
  if (vendor === 'webhook') return String(payload.id);
  if (vendor === 'postmark') return (payload.Metadata as { message_id: string }).message_id;
  return new URL(String(payload.StatusCallback)).searchParams.get('message') ?? '';
}

/** An e-mail address for an even number, a phone number for an odd one. */
function addressOf(number: number): string {
  return number % 2 ? `+1415${4_000_000 + number}` : `user${number}@example.com`;
}

function sleepUntil(at: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, at - Date.now())));
}

/**
 * Whether other programs compete for the processors. If so, the slowest answers measure that
 * competition and not the servers, which need about one processor by themselves.
 */
function isMachineBusy(): boolean {
  const [lastMinute = 0, lastFive = 0] = loadavg();
  return (MINUTES > 1 ? lastFive : lastMinute) > availableParallelism();
}

/** Prints measurements. They are not assertions. */
function note(figures: object): void {
  process.stderr.write(`mixed faults: ${JSON.stringify(figures)}\n`);
}
