import { signUp } from '../accounts.js';
import {
  DAY,
  digits,
  MINUTE,
  network,
  processorHours,
  range,
  type Result,
  type Scenario,
} from './scenario.js';
import type { Simulation } from './simulation.js';

const DAYS = 7;
/** The owner tries again so often, and gives up after five minutes. */
const TRY_SECONDS = 20;
const PATIENCE = 5 * MINUTE;
/** Longer than the free messages last. */
const MINUTES_OF_BURST = 8;

interface Attack {
  /** When the stranger attacks: all day long, or all at once just before the owner comes. */
  timing: 'all day' | 'burst';
  /** Guesses at each code, those of the owner included. */
  guesses: number;
}

/** A stranger who asks for sign-in codes of an owner and guesses at them, from 10,000 networks. */
class Siege {
  readonly counted = { attempts: 0, messages: 0, judged: 0 };
  private visits = 0;

  private constructor(
    private readonly simulation: Simulation,
    readonly email: string,
    readonly deviceToken: string,
    /** Whether the stranger solves proofs of work. */
    private readonly solves: boolean,
  ) {}

  static async start(simulation: Simulation, solves: boolean): Promise<Siege> {
    const email = `owner-${Math.random().toString(36).slice(2)}@example.com`;
    const { deviceToken } = await signUp(simulation.client, email);
    await simulation.age(DAY);
    await simulation.reset();
    return new Siege(simulation, email, deviceToken, solves);
  }

  get recipient(): string {
    return `email:${this.email}`;
  }

  /** One request for a code, and guesses at it. */
  async step(guesses: number): Promise<void> {
    await this.attack('/auth/send_otp', {});
    await this.guess(guesses);
  }

  /** As many requests and guesses at the same moment as in a day, again whenever the cooldown ends. */
  async burst(steps: number, guesses: number): Promise<void> {
    for (let minute = 0; minute < MINUTES_OF_BURST; minute++) {
      await this.simulation.each(range(steps), () => this.attack('/auth/send_otp', {}));
      await this.simulation.each(range(steps), () => this.guess(guesses));
      await this.simulation.age(MINUTE + 1);
    }
  }

  async guess(count: number): Promise<void> {
    for (let guess = 0; guess < count; guess++) await this.attack('/auth/verify_otp', { otp: digits(6) });
  }

  /**
   * The owner signs in with a code on a new phone. The stranger guesses at each of the owner's codes
   * before the owner does. Returns the seconds that it took; null: more than five minutes.
   */
  async signIn(guesses: number): Promise<number | null> {
    for (let second = 0; second < PATIENCE; second += TRY_SECONDS) {
      const ip = network(90, this.visits);
      const visit = { body: { email: this.email }, ip, recipient: this.recipient };
      const earlier = (await this.simulation.client.messages(this.email)).length;
      const sent = await this.simulation.callWithProof(
        { ...visit, path: '/auth/send_otp' },
        this.simulation.client.url,
      );
      if (sent.status === 201) {
        const otp = await this.simulation.client.code(this.email, earlier + 1);
        await this.guess(guesses);
        const body = { email: this.email, otp };
        const { status } = await this.simulation.callWithProof({ ...visit, path: '/auth/verify_otp', body });
        if (status === 201) return second;
      }
      await this.step(guesses);
      await this.simulation.age(TRY_SECONDS);
    }
    return null;
  }

  private async attack(path: string, body: object): Promise<void> {
    const visit = {
      path,
      body: { email: this.email, ...body },
      recipient: this.recipient,
      ip: network(10 + (this.visits % 3), this.visits++ % 10_000),
    };
    this.counted.attempts++;
    const reply = await (this.solves ? this.simulation.callWithProof(visit) : this.simulation.call(visit));
    if (path === '/auth/send_otp' && reply.status === 201) this.counted.messages++;
    if (reply.body.code === 'otp_invalid') this.counted.judged++;
  }
}

/** A week. The owner comes at another hour of each day. */
async function besiegeForWeek(
  simulation: Simulation,
  isFull: boolean,
  { timing, guesses }: Attack,
): Promise<Result> {
  const siege = await Siege.start(simulation, false);
  const steps = isFull ? 96 : 12;
  const days: { judged: number; seconds: number | null }[] = [];
  for (let day = 0; day < DAYS; day++) {
    const { judged } = siege.counted;
    const stepOfOwner = (day * 5) % steps;
    let seconds: number | null = null;
    for (let step = 0; step < steps; step++) {
      if (timing === 'all day') await siege.step(guesses);
      else if (step === stepOfOwner) await siege.burst(steps, guesses);
      if (step === stepOfOwner) seconds = await siege.signIn(guesses);
      await simulation.age(DAY / steps);
    }
    days.push({ judged: siege.counted.judged - judged, seconds });
  }
  const slowest = Math.max(...days.map(({ seconds }) => seconds ?? Infinity));
  const mostJudged = Math.max(...days.map(({ judged }) => judged));
  return {
    ...siege.counted,
    money: 0,
    honest: `the owner is in after at most ${slowest} s, at most ${mostJudged} guesses a day`,
    bars: [
      { what: 'seconds until the owner is in', measured: slowest, atMost: PATIENCE },
      { what: 'guesses of strangers in a day', measured: mostJudged, atMost: 20 },
    ],
  };
}

/** As fast as the cooldown allows, until nothing is left for a new phone. */
async function besiegeWithProofs(simulation: Simulation, isFull: boolean): Promise<Result> {
  const siege = await Siege.start(simulation, true);
  const { email, recipient, deviceToken } = siege;
  const failed = { device: 0, link: 0, newPhone: 0 };
  const days = isFull ? DAYS : 2;
  for (let day = 0; day < days; day++) {
    for (let send = 0; send < 20; send++) {
      await siege.step(3);
      await simulation.age(MINUTE + 1);
    }
    const earlier = (await simulation.client.messages(email)).length;
    const visit = { path: '/auth/send_otp', body: { email }, ip: network(90, day), recipient };
    const known = { ...visit, deviceToken };
    const work = simulation.work;
    // A day with the code, and a day with the link, which the owner opens on the new phone.
    const sent = await simulation.callWithProof(known, simulation.client.url);
    if (sent.status === 201) {
      const otp = await simulation.client.code(email, earlier + 1);
      const [mail] = await simulation.client.messages(email);
      const token = /#token=([\w-]+)/.exec(mail?.text ?? '')?.[1];
      const used =
        day % 2
          ? await simulation.call({ ...known, path: '/auth/verify_otp', body: { email, otp } })
          : await simulation.call({ ...visit, path: '/auth/link', body: { token } });
      if (used.status !== 201) failed[day % 2 ? 'device' : 'link']++;
    } else failed.device++;
    if ((await simulation.call(visit)).status === 429) failed.newPhone++;
    simulation.work = work;
    await simulation.age(DAY);
  }
  return {
    ...siege.counted,
    money: 0,
    honest: `a new phone is refused on ${failed.newPhone} of ${days} days`,
    bars: [
      { what: 'failures of the recognised device', measured: failed.device, atMost: 0 },
      { what: 'failures of the sign-in link', measured: failed.link, atMost: 0 },
      {
        what: 'processor hours of the stranger a day',
        measured: processorHours(simulation) / days,
        atMost: Infinity,
      },
    ],
  };
}

export const SIEGES: Scenario[] = [
  {
    name: 'siege',
    title: 'a stranger against an owner on a new phone, one week',
    run: (simulation, isFull) => besiegeForWeek(simulation, isFull, { timing: 'all day', guesses: 3 }),
  },
  {
    name: 'siege-burst',
    title: 'the same, all requests and guesses at once before the owner comes',
    isOnlyInBench: true,
    run: (simulation, isFull) => besiegeForWeek(simulation, isFull, { timing: 'burst', guesses: 3 }),
  },
  {
    name: 'siege-without-guesses',
    title: 'a stranger only requests codes of an owner on a new phone, one week',
    isOnlyInBench: true,
    run: (simulation, isFull) => besiegeForWeek(simulation, isFull, { timing: 'all day', guesses: 0 }),
  },
  {
    name: 'siege-burst-without-guesses',
    title: 'the same, all requests at once before the owner comes',
    isOnlyInBench: true,
    run: (simulation, isFull) => besiegeForWeek(simulation, isFull, { timing: 'burst', guesses: 0 }),
  },
  {
    name: 'siege-with-proofs',
    title: 'a stranger with proofs of work against an owner on a new phone',
    run: besiegeWithProofs,
  },
];
