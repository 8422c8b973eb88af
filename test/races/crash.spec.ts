import { Agent } from 'node:http';
import { Cluster } from '../support/cluster.js';
import { inParallel, post, tally, Volley, type Call, type Reply } from '../support/parallel.js';
import { until } from '../support/until.js';
import { VendorStub, type Behaviour } from '../support/vendor-stub.js';

const HANG: Behaviour = { fault: 'hang before accepting' };

const agent = new Agent({ keepAlive: true, maxSockets: 64 });
afterAll(() => agent?.destroy());

describe('processes that are killed', () => {
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

  it(`lose no send that they acknowledged, in ${SENDS} sends with a kill whenever two of them run (F2)`, async () => {
    const acknowledged: string[] = [];
    const answers: Reply[] = [];
    let next = 0;
    let lost = 0;

    const doomed = new Set<string>();
    const killing = (async () => {
      while (acknowledged.length < SENDS - 200) {
        const killAt = acknowledged.length + 50 + Math.random() * 250;
        await until('more sends', () => acknowledged.length >= Math.min(killAt, SENDS), 30);
        const living = cluster.servers.filter(({ isRunning }) => isRunning);
        const victim = living[Math.floor(Math.random() * living.length)];
        doomed.add(victim?.url ?? '');
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
        // Only the kill of its process may take a request's answer away.
        if (!doomed.has(url)) throw error;
        lost++;
      }
      return acknowledged.length < SENDS;
    });
    await Promise.all([sending, killing]);
    await Promise.all(cluster.servers.map((server) => server.stop('SIGKILL')));

    const lastKill = performance.now();
    const missing = () => acknowledged.filter((to) => vendors.callsTo(to).length === 0);
    const stranded = missing().length;
    await Promise.all([cluster.add(), cluster.add()]);
    await until('every acknowledged send is at the vendor', () => missing().length === 0, 30);
    const seconds = (performance.now() - lastKill) / 1000;

    expect(tally(answers)).toEqual({ '200': acknowledged.length });
    const twice = acknowledged.filter((to) => vendors.callsTo(to).length > 1).length;
    note(
      `F2: ${doomed.size} kills, ${lost} requests cut off, ${stranded} sends stranded, all out after ` +
        `${seconds.toFixed(1)} s, ${twice} sent more than once`,
    );

    const alive = `state in ('queued', 'sending')`;
    await until(
      'nothing waits',
      async () => (await cluster.sql(`select from messages where ${alive}`)).length === 0,
      30,
    );
    const rows = await cluster.sql<{ state: string; count: number; sealed: number }>(
      'select state, count(*)::int, count(sealed)::int as sealed from messages group by state',
    );
    expect(rows).toEqual([{ state: 'sent', count: expect.any(Number), sealed: 0 }]);
  });

  it('leave a backlog that goes out at the speed of the vendor (F2)', async () => {
    vendors.behave(HANG);
    const to = Array.from({ length: 1_500 }, (_, i) => addressOf(50_000 + i));
    const [url = ''] = cluster.urls;
    expect(tally(await Promise.all(to.map((address) => post(url, generate(address), agent))))).toEqual({
      '200': 1_500,
    });
    await Promise.all(cluster.servers.map((server) => server.stop('SIGKILL')));
    vendors.heal();
    vendors.behave({ latencyMs: 20 });

    await cluster.age(21); // the lease
    await cluster.add();
    const started = performance.now();
    const isOut = (address: string) => vendors.messagesTo(address).length > 0;
    await until('all are sent', () => to.every(isOut), 30);
    const seconds = (performance.now() - started) / 1000;
    note(`F2: a backlog of 1,500 went out in ${seconds.toFixed(1)} s`);
    // One sweep of 64 a second would take 24.
    expect(seconds).toBeLessThan(20);
  });

  it('send nothing after it expired: what a dead process left ends in the record (F2)', async () => {
    vendors.behave(HANG);
    const to = Array.from({ length: 100 }, (_, i) => addressOf(100_000 + i));
    const [url = ''] = cluster.urls;
    await Promise.all(to.map((address) => post(url, generate(address), agent)));
    await until('the vendor has calls', () => vendors.callsTo(to[0] ?? '').length > 0);
    await Promise.all(cluster.servers.map((server) => server.stop('SIGKILL')));
    const before = vendors.calls.length;
    vendors.heal();

    await cluster.age(301);
    await cluster.add();
    const open = `select from messages where state in ('queued', 'sending')`;
    await until('the record is closed', async () => (await cluster.sql(open)).length === 0, 30);
    expect(
      await cluster.sql(`select state, count(*)::int, count(sealed)::int as sealed from messages
      where state <> 'sent' group by state`),
    ).toEqual([{ state: 'expired', count: 100, sealed: 0 }]);
    expect(vendors.calls.length).toBe(before);
  });
});

describe('a process that is told to stop', () => {
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

  it('answers what it has accepted, and hands back what waits for the other to send (F1)', async () => {
    const [leaving] = cluster.servers;
    if (!leaving) throw new Error('no process');
    const victim = addressOf(199_999);
    await post(leaving.url, generate(victim), agent);
    await until('the victim has its code', () => vendors.callsTo(victim).length === 1);
    vendors.behave({ latencyMs: 1_500 });
    const to = Array.from({ length: 300 }, (_, i) => addressOf(200_000 + i));
    const volley = await Volley.open([leaving.url], 300);
    expect(tally(await volley.fire(to.map(generate)))).toEqual({ '200': 300 });

    // One request is at work on a locked row and 99 wait for their turn when the signal comes.
    const guesses = Array.from({ length: 100 }, (): Call => guess(victim, '000000'));
    let exit: Promise<number | null> = Promise.resolve(null);
    let started = 0;
    const replies = await cluster.whileLocked(
      recipientOf(victim),
      1,
      () => volley.fire(guesses),
      () => {
        started = performance.now();
        exit = leaving.stop('SIGTERM');
      },
    );
    expect(Object.keys(tally(replies)).sort()).toEqual(['400 otp_invalid', '403 otp_attempts_exhausted']);
    expect(await exit).toBe(0);
    const seconds = (performance.now() - started) / 1000;
    expect(seconds).toBeLessThan(10);

    await until('all are sent', () => to.every((address) => vendors.callsTo(address).length > 0), 30);
    note(
      `F1: exit after ${seconds.toFixed(1)} s, all out after ${((performance.now() - started) / 1000).toFixed(1)} s`,
    );
    expect(to.filter((address) => vendors.callsTo(address).length !== 1)).toEqual([]);
    volley.close();
  });

  it('exits in time although a vendor hangs (F1)', async () => {
    vendors.heal();
    const leaving = await cluster.add();
    vendors.behave(HANG);
    const to = Array.from({ length: 100 }, (_, i) => addressOf(300_000 + i));
    await Promise.all(to.map((address) => post(leaving.url, generate(address), agent)));
    await until('the vendor has calls', () => vendors.callsTo(to[0] ?? '').length > 0);
    vendors.heal();
    const started = performance.now();
    expect(await leaving.stop('SIGTERM')).toBe(0);
    expect(performance.now() - started).toBeLessThan(10_000);
    // What hung ends with its lease.
    await cluster.age(21);
    await until('all are sent', () => to.every((address) => vendors.messagesTo(address).length > 0), 30);
  });

  it('fails no request under load (F1)', async () => {
    const leaving = await cluster.add();
    let next = 400_000;
    let signalled = Infinity;
    const early: Reply[] = [];
    const late: Reply[] = [];
    const resets: { early: boolean; code?: string }[] = [];
    const load = inParallel(16, async () => {
      const at = performance.now();
      try {
        const reply = await post(leaving.url, generate(addressOf(next++)), agent);
        (at < signalled ? early : late).push(reply);
      } catch (error) {
        resets.push({ early: at < signalled, code: (error as NodeJS.ErrnoException).code });
        return at < signalled;
      }
      return true;
    });
    await until('load', () => early.length > 500, 20);
    const exit = leaving.stop('SIGTERM');
    signalled = performance.now();
    await load;
    note(`F1: ${JSON.stringify({ early: tally(early), late: tally(late), resets })}`);
    expect(await exit).toBe(0);
    expect(tally(early)).toEqual({ '200': early.length });
    expect(resets.filter(({ early }) => early)).toEqual([]);
    expect(Object.keys(tally(late)).filter((answer) => answer !== '200')).toEqual([]);
  });
});

describe('a database that goes away', () => {
  let cluster: Cluster;
  let next = 500_000;
  beforeAll(async () => {
    cluster = await Cluster.start(2, { OTP_EXPOSE_CODE: 'true' });
  });
  afterAll(() => cluster?.stop());

  it('means 503 and never an approval that is not due, while connections are cut (F5)', async () => {
    const answers: Reply[] = [];
    const wronglyApproved: string[] = [];
    let running = true;
    let cut = 0;
    const cutting = (async () => {
      while (running) {
        cut += await cluster.cutConnections();
        const soFar = answers.length;
        await until('more answers', () => !running || answers.length > soFar + 200);
      }
    })();
    const started = performance.now();
    await inParallel(32, async () => {
      const urls = cluster.urls;
      const to = addressOf(next++);
      const call = async (path: Call) => {
        const reply = await post(urls[next % urls.length] ?? '', path, agent);
        answers.push(reply);
        return reply;
      };
      const sent = await call(generate(to));
      if (sent.status === 200) {
        const otp = sent.body.otp as string;
        const wrong = await call(guess(to, otherThan(otp)));
        const replies = [await call(guess(to, otp)), await call(guess(to, otp)), await call(guess(to, otp))];
        const approved = replies.filter(({ status }) => status === 200).length;
        if (wrong.status === 200 || approved > 1) wronglyApproved.push(to);
      }
      return performance.now() - started < 8_000;
    });
    running = false;
    await cutting;
    note(`F5: ${cut} connections cut, ${JSON.stringify(tally(answers))}`);

    expect(wronglyApproved).toEqual([]);
    expect(answers.filter(({ status }) => status >= 500 && status !== 503).map(({ body }) => body)).toEqual(
      [],
    );
    const unavailable = answers.filter(({ status }) => status === 503);
    expect(unavailable.length).toBeGreaterThan(0);
    expect(unavailable.filter(({ headers }) => headers['retry-after'] !== '1')).toEqual([]);
    await expectToWork();
  });

  it('means 503 while it only reads, as a standby does, and heals without a restart (F5)', async () => {
    const name = new URL(cluster.url).pathname.slice(1);
    await cluster.sql(`alter database ${name} set default_transaction_read_only = on`);
    await cluster.cutConnections();
    for (const url of cluster.urls) {
      await until('the pool has noticed', async () => {
        const { status, body } = await post(url, generate(addressOf(next++)), agent);
        expect({ status, code: body.code }).toEqual({ status: 503, code: 'service_unavailable' });
        return true;
      });
    }
    await cluster.pool.query('set default_transaction_read_only = off');
    await cluster.pool.query(`alter database ${name} reset default_transaction_read_only`);
    await cluster.cutConnections();
    await expectToWork();
  });

  async function expectToWork(): Promise<void> {
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

/** Phone numbers and e-mail addresses by turns. */
function addressOf(number: number): string {
  return number % 2 ? `+1415${4_000_000 + number}` : `user${number}@example.com`;
}

function generate(to: string): Call {
  return { path: '/otp/generate', body: field(to) };
}

function guess(to: string, otp: string): Call {
  return { path: '/otp/verify', body: { ...field(to), otp } };
}

function field(to: string) {
  return to.includes('@') ? { email: to } : { phone_number: to };
}

function recipientOf(to: string): string {
  return `${to.includes('@') ? 'email' : 'phone'}:${to}`;
}

function otherThan(otp: string): string {
  return String((Number(otp) + 1) % 1_000_000).padStart(6, '0');
}

/** A measured figure, for whoever reads the run. */
function note(text: string): void {
  process.stderr.write(`${text}\n`);
}
