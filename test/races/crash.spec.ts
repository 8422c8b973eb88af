import { Agent } from 'node:http';
import { Cluster } from '../support/cluster.js';
import { inParallel, post, tally, Volley, type Call, type Reply } from '../support/parallel.js';
import { until } from '../support/until.js';
import { VendorStub, type Behaviour } from '../support/vendor-stub.js';

const HANG: Behaviour = { fault: 'hang before accepting' };

const agent = new Agent({ keepAlive: true, maxSockets: 64 });
afterAll(() => agent?.destroy());

describe('recovery from killed processes', () => {
  const SENDS = Number(process.env.CRASH_SENDS ?? 2_500);
  let cluster: Cluster;
  let vendors: VendorStub;
  beforeAll(async () => {
    vendors = await VendorStub.start();
    vendors.behave(() => ({ latencyMs: 5 + Math.random() * 300 }));
    cluster = await Cluster.start(2, vendors.settings);
  });
  afterAll(async () => {
    await cluster?.stop();
    await vendors?.stop();
  });

  it('delivers every acknowledged send although processes are killed under load', async () => {
    const acknowledged: string[] = [];
    const answers: Reply[] = [];
    let next = 0;
    let cutOff = 0;

    const killedUrls = new Set<string>();
    const killing = (async () => {
      while (acknowledged.length < SENDS - 200) {
        const killAt = acknowledged.length + 50 + Math.random() * 250;
        await until('more sends', () => acknowledged.length >= Math.min(killAt, SENDS), 30);
        const running = cluster.servers.filter(({ isRunning }) => isRunning);
        const victim = running[Math.floor(Math.random() * running.length)];
        killedUrls.add(victim?.url ?? '');
        await victim?.stop('SIGKILL');
        await cluster.add();
      }
    })();
    const sending = inParallel(32, async () => {
      const to = addressOf(next++);
      const urls = cluster.urls;
      const url = urls[next % urls.length] ?? '';
      try {
        const reply = await post(url, generate(to), agent);
        answers.push(reply);
        if (reply.status === 200) acknowledged.push(to);
      } catch (error) {
        // A request may fail only because its process was killed.
        if (!killedUrls.has(url)) throw error;
        cutOff++;
      }
      return acknowledged.length < SENDS;
    });
    await Promise.all([sending, killing]);
    await Promise.all(cluster.servers.map((server) => server.stop('SIGKILL')));

    const lastKill = performance.now();
    const missing = () => acknowledged.filter((to) => vendors.callsTo(to).length === 0);
    const stranded = missing().length;
    await Promise.all([cluster.add(), cluster.add()]);
    await until('every acknowledged send has reached the vendor', () => missing().length === 0, 30);
    const seconds = (performance.now() - lastKill) / 1000;

    expect(tally(answers)).toEqual({ '200': acknowledged.length });
    const sentTwice = acknowledged.filter((to) => vendors.callsTo(to).length > 1).length;
    note(
      `kills: ${killedUrls.size}, ${cutOff} requests cut off, ${stranded} sends stranded, ` +
        `all sent after ${seconds.toFixed(1)} s, ${sentTwice} sent more than once`,
    );

    const unfinished = `state in ('queued', 'sending')`;
    await until(
      'every message is finished',
      async () => (await cluster.sql(`select from messages where ${unfinished}`)).length === 0,
      30,
    );
    const rows = await cluster.sql<{ state: string; count: number; sealed: number }>(
      'select state, count(*)::int, count(sealed)::int as sealed from messages group by state',
    );
    expect(rows).toEqual([{ state: 'sent', count: expect.any(Number), sealed: 0 }]);
  });

  it('sends the backlog of killed processes at the speed of the vendor', async () => {
    vendors.behave(HANG);
    const recipients = Array.from({ length: 1_500 }, (_, i) => addressOf(50_000 + i));
    const [url = ''] = cluster.urls;
    const replies = await Promise.all(recipients.map((to) => post(url, generate(to), agent)));
    expect(tally(replies)).toEqual({ '200': 1_500 });
    await Promise.all(cluster.servers.map((server) => server.stop('SIGKILL')));
    vendors.heal();
    vendors.behave({ latencyMs: 20 });

    await cluster.age(21); // Longer than the lease.
    await cluster.add();
    const started = performance.now();
    const isSent = (to: string) => vendors.messagesTo(to).length > 0;
    await until('all are sent', () => recipients.every(isSent), 30);
    const seconds = (performance.now() - started) / 1000;
    note(`kills: a backlog of 1,500 was sent in ${seconds.toFixed(1)} s`);
    // One sweep of 64 messages per second would take 24 s.
    expect(seconds).toBeLessThan(20);
  });

  it('marks messages that expired in a killed process as expired without sending them', async () => {
    vendors.behave(HANG);
    const recipients = Array.from({ length: 100 }, (_, i) => addressOf(100_000 + i));
    const [url = ''] = cluster.urls;
    await Promise.all(recipients.map((to) => post(url, generate(to), agent)));
    await until('the vendor has calls', () => vendors.callsTo(recipients[0] ?? '').length > 0);
    await Promise.all(cluster.servers.map((server) => server.stop('SIGKILL')));
    const callsBefore = vendors.calls.length;
    vendors.heal();

    await cluster.age(301);
    await cluster.add();
    const unfinished = `select from messages where state in ('queued', 'sending')`;
    await until('every message is finished', async () => (await cluster.sql(unfinished)).length === 0, 30);
    expect(
      await cluster.sql(`select state, count(*)::int, count(sealed)::int as sealed from messages
      where state <> 'sent' group by state`),
    ).toEqual([{ state: 'expired', count: 100, sealed: 0 }]);
    expect(vendors.calls.length).toBe(callsBefore);
  });
});

describe('graceful shutdown on SIGTERM', () => {
  let cluster: Cluster;
  let vendors: VendorStub;
  beforeAll(async () => {
    vendors = await VendorStub.start();
    cluster = await Cluster.start(2, { ...vendors.settings, OTP_EXPOSE_CODE: 'true' });
  });
  afterAll(async () => {
    await cluster?.stop();
    await vendors?.stop();
  });

  it('answers accepted requests and leaves queued messages to the other process', async () => {
    const [stopping] = cluster.servers;
    if (!stopping) throw new Error('no process');
    const locked = addressOf(199_999);
    await post(stopping.url, generate(locked), agent);
    await until('the first code is sent', () => vendors.callsTo(locked).length === 1);
    vendors.behave({ latencyMs: 1_500 });
    const recipients = Array.from({ length: 300 }, (_, i) => addressOf(200_000 + i));
    const volley = await Volley.open([stopping.url], 300);
    expect(tally(await volley.fire(recipients.map(generate)))).toEqual({ '200': 300 });

    // When the signal arrives, one request waits for the locked row and 99 are queued behind it.
    const guesses = Array.from({ length: 100 }, (): Call => guess(locked, '000000'));
    let exit: Promise<number | null> = Promise.resolve(null);
    let started = 0;
    const replies = await cluster.whileLocked(
      recipientOf(locked),
      1,
      () => volley.fire(guesses),
      () => {
        started = performance.now();
        exit = stopping.stop('SIGTERM');
      },
    );
    expect(Object.keys(tally(replies)).sort()).toEqual(['400 otp_invalid', '403 otp_attempts_exhausted']);
    expect(await exit).toBe(0);
    const seconds = (performance.now() - started) / 1000;
    expect(seconds).toBeLessThan(10);

    const isSent = (to: string) => vendors.callsTo(to).length > 0;
    await until('all are sent', () => recipients.every(isSent), 30);
    const allSent = (performance.now() - started) / 1000;
    note(`SIGTERM: exit after ${seconds.toFixed(1)} s, all sent after ${allSent.toFixed(1)} s`);
    expect(recipients.filter((to) => vendors.callsTo(to).length !== 1)).toEqual([]);
    volley.close();
  });

  it('exits within ten seconds while a vendor hangs', async () => {
    vendors.heal();
    const stopping = await cluster.add();
    vendors.behave(HANG);
    const recipients = Array.from({ length: 100 }, (_, i) => addressOf(300_000 + i));
    await Promise.all(recipients.map((to) => post(stopping.url, generate(to), agent)));
    await until('the vendor has calls', () => vendors.callsTo(recipients[0] ?? '').length > 0);
    vendors.heal();
    const started = performance.now();
    expect(await stopping.stop('SIGTERM')).toBe(0);
    expect(performance.now() - started).toBeLessThan(10_000);
    // Messages of the calls that hung are sent again once their lease has ended.
    await cluster.age(21);
    const isSent = (to: string) => vendors.messagesTo(to).length > 0;
    await until('all are sent', () => recipients.every(isSent), 30);
  });

  it('fails no request under load', async () => {
    const stopping = await cluster.add();
    let next = 400_000;
    let signalled = Infinity;
    const early: Reply[] = [];
    const late: Reply[] = [];
    const resets: { early: boolean; code?: string }[] = [];
    const load = inParallel(16, async () => {
      const at = performance.now();
      try {
        const reply = await post(stopping.url, generate(addressOf(next++)), agent);
        (at < signalled ? early : late).push(reply);
      } catch (error) {
        resets.push({ early: at < signalled, code: (error as NodeJS.ErrnoException).code });
        return at < signalled;
      }
      return true;
    });
    await until('there is load', () => early.length > 500, 20);
    const exit = stopping.stop('SIGTERM');
    signalled = performance.now();
    await load;
    note(`SIGTERM under load: ${JSON.stringify({ early: tally(early), late: tally(late), resets })}`);
    expect(await exit).toBe(0);
    expect(tally(early)).toEqual({ '200': early.length });
    expect(resets.filter(({ early }) => early)).toEqual([]);
    expect(Object.keys(tally(late)).filter((answer) => answer !== '200')).toEqual([]);
  });
});

describe('database outages', () => {
  let cluster: Cluster;
  let next = 500_000;
  beforeAll(async () => {
    cluster = await Cluster.start(2, { OTP_EXPOSE_CODE: 'true' });
  });
  afterAll(() => cluster?.stop());

  it('returns 503 and never approves a code wrongly while connections are cut', async () => {
    const answers: Reply[] = [];
    const wronglyApproved: string[] = [];
    let running = true;
    let cutCount = 0;
    const cutting = (async () => {
      while (running) {
        cutCount += await cluster.cutConnections();
        const soFar = answers.length;
        await until('more answers', () => !running || answers.length > soFar + 200);
      }
    })();
    const started = performance.now();
    await inParallel(32, async () => {
      const urls = cluster.urls;
      const to = addressOf(next++);
      const send = async (call: Call) => {
        const reply = await post(urls[next % urls.length] ?? '', call, agent);
        answers.push(reply);
        return reply;
      };
      const sent = await send(generate(to));
      if (sent.status === 200) {
        const otp = sent.body.otp as string;
        const wrong = await send(guess(to, wrongCode(otp)));
        const replies = [await send(guess(to, otp)), await send(guess(to, otp)), await send(guess(to, otp))];
        const approved = replies.filter(({ status }) => status === 200).length;
        if (wrong.status === 200 || approved > 1) wronglyApproved.push(to);
      }
      return performance.now() - started < 8_000;
    });
    running = false;
    await cutting;
    note(`database outage: ${cutCount} connections cut, ${JSON.stringify(tally(answers))}`);

    expect(wronglyApproved).toEqual([]);
    expect(answers.filter(({ status }) => status >= 500 && status !== 503).map(({ body }) => body)).toEqual(
      [],
    );
    const unavailable = answers.filter(({ status }) => status === 503);
    expect(unavailable.length).toBeGreaterThan(0);
    expect(unavailable.filter(({ headers }) => headers['retry-after'] !== '1')).toEqual([]);
    await expectRecovery();
  });

  it('returns 503 while the database is read-only and recovers without a restart', async () => {
    // The server meets a read-only database when a failover leaves it connected to a standby.
    const name = new URL(cluster.url).pathname.slice(1);
    await cluster.sql(`alter database ${name} set default_transaction_read_only = on`);
    await cluster.cutConnections();
    for (const url of cluster.urls) {
      await until('the process answers 503', async () => {
        const { status, body } = await post(url, generate(addressOf(next++)), agent);
        expect({ status, code: body.code }).toEqual({ status: 503, code: 'service_unavailable' });
        return true;
      });
    }
    await cluster.pool.query('set default_transaction_read_only = off');
    await cluster.pool.query(`alter database ${name} reset default_transaction_read_only`);
    await cluster.cutConnections();
    await expectRecovery();
  });

  async function expectRecovery(): Promise<void> {
    await until('both processes work again', async () => {
      const replies = await Promise.all(
        cluster.urls.flatMap((url) =>
          Array.from({ length: 20 }, () => post(url, generate(addressOf(next++)), agent)),
        ),
      );
      return replies.every(({ status }) => status === 200);
    });
  }
});

/** An e-mail address for an even number, a phone number for an odd one. */
function addressOf(number: number): string {
  return number % 2 ? `+1415${4_000_000 + number}` : `user${number}@example.com`;
}

function generate(to: string): Call {
  return { path: '/otp/generate', body: addressField(to) };
}

function guess(to: string, otp: string): Call {
  return { path: '/otp/verify', body: { ...addressField(to), otp } };
}

function addressField(to: string) {
  return to.includes('@') ? { email: to } : { phone_number: to };
}

function recipientOf(to: string): string {
  return `${to.includes('@') ? 'email' : 'phone'}:${to}`;
}

function wrongCode(otp: string): string {
  return String((Number(otp) + 1) % 1_000_000).padStart(6, '0');
}

/** Prints a measurement. It is not an assertion. */
function note(text: string): void {
  process.stderr.write(`${text}\n`);
}
