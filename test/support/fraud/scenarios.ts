import { logIn, signUp } from '../accounts.js';
import { Crowd, PRICE, SPEND_PER_DAY, type Simulation } from './simulation.js';

const MINUTE = 60;
const HOUR = 3_600;
const DAY = 24 * HOUR;
/** Processor time of a proof of level 1 on average, see src/budgets/proof-of-work.ts. */
const SECONDS_OF_PROOF = 0.17;

/** What must hold. */
export interface Bar {
  what: string;
  measured: number;
  atMost: number;
}

export interface Result {
  attempts: number;
  messages: number;
  money: number;
  /** Honest people who were asked for a proof of work, or refused. */
  honest: string;
  bars: Bar[];
}

export interface Scenario {
  name: string;
  title: string;
  /** The short form is the same with fewer requests. */
  run: (simulation: Simulation, isFull: boolean) => Promise<Result>;
}

const range = (length: number) => Array.from({ length }, (_, index) => index);
const digits = (count: number) => String(Math.floor(Math.random() * 10 ** count)).padStart(count, '0');
/** The `index`-th network of a provider. */
const network = (provider: number, index: number) =>
  `${provider}.${(index >> 8) & 255}.${index & 255}.${1 + Math.floor(Math.random() * 250)}`;
const germanNumber = () => `+49151${digits(8)}`;
function americanNumber(): string {
  const areas = [206, 212, 213, 305, 312, 404, 503, 602, 617, 702, 713];
  return `+1${areas[Math.floor(Math.random() * areas.length)]}${220 + Math.floor(Math.random() * 80)}${digits(4)}`;
}
const share = (part: number, all: number) => part / Math.max(1, all);
const describe = ({ asked, refused, refusals, attempts }: Crowd) =>
  `${asked} asked, ${refused} refused of ${attempts} ${Object.keys(refusals).join()}`.trim();
const processorHours = ({ work }: Simulation) => (work * SECONDS_OF_PROOF) / HOUR;

/** Consecutive numbers over a day, while honest people of the country sign in. */
async function pumpNumbers(
  simulation: Simulation,
  plan: { attempts: number; prefixes: number; networks: number; honest: number; hours: number },
  solves: boolean,
): Promise<Result> {
  const attackers = new Crowd(simulation, solves);
  const people = new Crowd(simulation, true);
  let index = 0;
  for (let hour = 0; hour < plan.hours; hour++) {
    const attacks = range(Math.ceil(plan.attempts / plan.hours)).map(() => async () => {
      const at = index++;
      const line = 1_000 + Math.floor(at / plan.prefixes);
      await attackers.request(
        { phone_number: `+1415${220 + (at % plan.prefixes)}${line}` },
        network(10 + (at % 3), at % plan.networks),
      );
    });
    const every = Math.floor(attacks.length / plan.honest);
    const honest = range(plan.honest).map((person) => async () => {
      const [phone, ip] = [americanNumber(), network(90, hour * plan.honest + person)];
      const otp = await people.request({ phone_number: phone }, ip);
      if (otp) await people.verify(phone, otp, ip);
    });
    const mixed = attacks.flatMap((attack, at) =>
      at % every === 0 ? [attack, ...honest.splice(0, 1)] : [attack],
    );
    await simulation.each([...mixed, ...honest], (visit) => visit());
    await simulation.age(DAY / plan.hours);
  }
  const money = (attackers.messages + people.messages) * PRICE;
  // The bar of one per cent, or what the limits allow in a day, whichever is more.
  const perDay = Math.max(plan.attempts / 100, plan.prefixes * 25);
  return {
    attempts: attackers.attempts,
    messages: attackers.messages,
    money,
    honest: describe(people),
    bars: [
      { what: 'messages to pumped numbers', measured: attackers.messages, atMost: perDay },
      { what: 'money', measured: money, atMost: SPEND_PER_DAY },
      { what: 'honest people refused', measured: share(people.refused, people.attempts), atMost: 0.01 },
      ...(solves
        ? [
            {
              what: 'processor hours of the attacker',
              measured: processorHours(simulation),
              atMost: Infinity,
            },
          ]
        : []),
    ],
  };
}

/** People who sign up at the same moment: a minute of the busiest hour of 10,000 people a day. */
const IN_FLIGHT = Number(process.env.FRAUD_IN_FLIGHT ?? 10);

/** Signs people up in a country, 75 % of whom enter their codes while others already ask for theirs. */
async function signUpWave(
  crowd: Crowd,
  size: number,
  isArriving: (person: number) => boolean,
  ipOf: (person: number) => string,
): Promise<void> {
  const signUp = async (person: number) => {
    const [phone, ip] = [germanNumber(), ipOf(person)];
    const otp = await crowd.request({ phone_number: phone }, ip);
    if (otp && isArriving(person)) await crowd.verify(phone, otp, ip);
  };
  await crowd.simulation.each(range(size), signUp, IN_FLIGHT);
}

const threeOfFour = (person: number) => person % 4 !== 3;

/** A stranger who asks for sign-in codes of an owner and guesses, every half hour of a week. */
async function besiege(simulation: Simulation, isFull: boolean, solves: boolean) {
  const email = `owner-${Math.random().toString(36).slice(2)}@example.com`;
  const recipient = `email:${email}`;
  const owner = await signUp(simulation.client, email);
  await simulation.age(DAY);
  await simulation.reset();
  const stepsOfDay = isFull ? 96 : 12;
  const counted = { attempts: 0, messages: 0, judged: 0 };
  let stranger = 0;

  const attack = async (path: string, body: object) => {
    const visit = {
      path,
      body: { email, ...body },
      recipient,
      ip: network(10 + (stranger % 3), stranger++ % 10_000),
    };
    counted.attempts++;
    const reply = await (solves ? simulation.callWithProof(visit) : simulation.call(visit));
    if (path === '/auth/send_otp' && reply.status === 201) counted.messages++;
    if (reply.body.code === 'otp_invalid') counted.judged++;
    return reply;
  };
  const guess = () => attack('/auth/verify_otp', { otp: digits(6) });
  const besiegeOnce = async () => {
    await attack('/auth/send_otp', {});
    for (let guesses = 0; guesses < 3; guesses++) await guess();
  };

  /** The minutes that the owner needs on a new phone; null: more than five. */
  const signIn = async (): Promise<number | null> => {
    for (let minute = 0; minute < 5; minute++) {
      const ip = network(90, stranger);
      const earlier = (await simulation.client.messages(email)).length;
      const sent = await simulation.callWithProof(
        { path: '/auth/send_otp', body: { email }, ip, recipient },
        simulation.client.url,
      );
      if (sent.status === 201) {
        const otp = await simulation.client.code(email, earlier + 1);
        await guess();
        const { status } = await simulation.callWithProof({
          path: '/auth/verify_otp',
          body: { email, otp },
          ip,
          recipient,
        });
        if (status === 201) return minute;
      }
      await besiegeOnce();
      await simulation.age(MINUTE);
    }
    return null;
  };

  return { email, recipient, owner, stepsOfDay, counted, besiegeOnce, signIn };
}

export const SCENARIOS: Scenario[] = [
  {
    name: 'pumping',
    title: 'consecutive numbers, none verified',
    run: (simulation, isFull) =>
      pumpNumbers(
        simulation,
        isFull
          ? { attempts: 100_000, prefixes: 40, networks: 10_000, honest: 200, hours: 24 }
          : { attempts: 1_000, prefixes: 40, networks: 1_000, honest: 40, hours: 4 },
        false,
      ),
  },
  {
    name: 'pumping-with-proofs',
    title: 'consecutive numbers, with proofs of work',
    run: (simulation, isFull) =>
      pumpNumbers(
        simulation,
        isFull
          ? { attempts: 100_000, prefixes: 40, networks: 10_000, honest: 200, hours: 24 }
          : { attempts: 400, prefixes: 4, networks: 400, honest: 25, hours: 4 },
        true,
      ),
  },
  {
    name: 'network',
    title: 'one network, one hour, none verified',
    async run(simulation, isFull) {
      const attempts = range(isFull ? 1_000 : 100);
      const request = (crowd: Crowd) =>
        simulation.each(attempts, (at) =>
          crowd.request({ email: `${digits(9)}-${at}@example.com` }, `10.1.1.${at % 250}`),
        );
      const free = new Crowd(simulation, false);
      await request(free);
      const solving = new Crowd(simulation, true);
      await request(solving);
      const recipients = free.messages + solving.messages;
      return {
        attempts: free.attempts + solving.attempts,
        messages: recipients,
        money: 0,
        honest: '–',
        bars: [
          { what: 'recipients without a proof', measured: free.messages, atMost: 5 },
          { what: 'recipients with proofs', measured: recipients, atMost: 20 },
        ],
      };
    },
  },
  {
    name: 'carrier',
    title: "a carrier's /24 with 100 sign-ups an hour, 75 % verified",
    async run(simulation, isFull) {
      const people = new Crowd(simulation, true);
      for (let step = 0; step < (isFull ? 24 : 3) * 10; step++) {
        await signUpWave(
          people,
          10,
          (person) => threeOfFour(person + step),
          (person) => `10.2.2.${person + 1}`,
        );
        await simulation.age(HOUR / 10);
      }
      return {
        attempts: people.attempts,
        messages: people.messages,
        money: people.messages * PRICE,
        honest: describe(people),
        bars: [{ what: 'refused', measured: people.refused, atMost: 0 }],
      };
    },
  },
  {
    name: 'account',
    title: 'one signed-in account asks for new numbers, one day',
    async run(simulation, isFull) {
      const { accessToken } = await signUp(simulation.client, `eve-${digits(9)}@example.com`);
      const replies: number[] = [];
      for (let hour = 0; hour < 24; hour += 4) {
        await simulation.each(range(isFull ? 100 : 10), async (at) => {
          const [phone, ip] = [americanNumber(), network(10, at)];
          const visit = { path: '/users/me', body: { phone }, ip, accessToken, recipient: `phone:${phone}` };
          replies.push((await simulation.callWithProof(visit)).status);
        });
        // One minute less, so that all six steps are in one day.
        await simulation.age(4 * HOUR - MINUTE);
      }
      const messages = replies.filter((status) => status === 200).length;
      return {
        attempts: replies.length,
        messages,
        money: messages * PRICE,
        honest: '–',
        bars: [{ what: 'new addresses', measured: messages, atMost: 5 }],
      };
    },
  },
  {
    name: 'premium',
    title: 'a premium number whose owner enters every code, 50 devices',
    async run(simulation) {
      const phone = `+1415555${digits(4)}`;
      const recipient = `phone:${phone}`;
      const { client } = simulation;
      const { email } = await signUp(client, `premium-${digits(9)}@example.com`);
      await simulation.cluster.sql(
        'update users set phone = $1, phone_verified_at = now() where email = $2',
        [phone, email],
      );
      await simulation.age(DAY);
      await simulation.reset();
      const devices: string[] = [];
      for (let device = 0; device < 50; device++) devices.push((await logIn(client, email)).deviceToken);
      const counted = { attempts: 0, messages: 0 };
      for (const [device, deviceToken] of devices.entries()) {
        const ip = network(10, device);
        for (const token of [deviceToken, undefined]) {
          counted.attempts++;
          const visit = {
            path: '/otp/generate',
            body: { phone_number: phone },
            ip,
            recipient,
            deviceToken: token,
          };
          const { status, body } = await simulation.callWithProof(visit);
          if (status !== 200) continue;
          counted.messages++;
          const { otp } = body;
          await simulation.call({ ...visit, path: '/otp/verify', body: { phone_number: phone, otp } });
        }
        await simulation.age(DAY / 60);
      }
      return {
        ...counted,
        money: counted.messages * PRICE,
        honest: '–',
        bars: [{ what: 'messages in the day', measured: counted.messages, atMost: 10 }],
      };
    },
  },
  {
    name: 'launch',
    title: 'launch day in a new country: 20 times the best day, 75 % verified',
    async run(simulation, isFull) {
      const people = new Crowd(simulation, true);
      const previousBestDay = isFull ? 500 : 50;
      for (let hour = 0; hour < 24; hour++) {
        // Most people come in the evening.
        const arriving = Math.round((20 * previousBestDay * (hour < 12 ? 1 : 3)) / 48);
        await signUpWave(people, arriving, threeOfFour, (person) => network(20, hour * 1_000 + person));
        await simulation.age(HOUR);
      }
      return {
        attempts: people.attempts,
        messages: people.messages,
        money: people.messages * PRICE,
        honest: describe(people),
        bars: [
          { what: 'refused', measured: share(people.refused, people.attempts), atMost: 0.001 },
          { what: 'asked for a proof', measured: share(people.asked, people.attempts), atMost: 0.05 },
        ],
      };
    },
  },
  {
    name: 'outage',
    title: 'nothing arrives in one country for 20 minutes, people retry',
    async run(simulation, isFull) {
      const perMinute = isFull ? 60 : 8;
      const before = new Crowd(simulation, true);
      const during = new Crowd(simulation, true);
      const after = new Crowd(simulation, true);
      const recovered = new Crowd(simulation, true);
      let people = 0;
      // A country has few carriers, so people share networks.
      const ipOf = () => network(30, people++ % 20);
      for (let minute = 0; minute < 30; minute++) {
        await signUpWave(before, perMinute, threeOfFour, ipOf);
        await simulation.age(MINUTE);
      }
      const waiting: { phone: string; ip: string; retries: number[] }[] = [];
      for (let minute = 0; minute < 20; minute++) {
        const arriving = range(perMinute).map(() => ({
          phone: germanNumber(),
          ip: ipOf(),
          retries: [minute, minute + 2, minute + 5, minute + 10],
        }));
        waiting.push(...arriving);
        const retrying = waiting.filter(({ retries }) => retries.includes(minute));
        await simulation.each(retrying, ({ phone, ip }) => during.request({ phone_number: phone }, ip));
        await simulation.age(MINUTE);
      }
      for (let minute = 0; minute < 20; minute++) {
        const crowd = minute < 10 ? after : recovered;
        await signUpWave(crowd, perMinute, threeOfFour, ipOf);
        // The people of the outage try again in the next five minutes.
        await simulation.each(waiting.splice(0, perMinute * 4), async ({ phone, ip }) => {
          const otp = await crowd.request({ phone_number: phone }, ip);
          if (otp) await crowd.verify(phone, otp, ip);
        });
        await simulation.age(MINUTE);
      }
      const all = [before, during, after, recovered];
      const messages = all.reduce((sum, crowd) => sum + crowd.messages, 0);
      return {
        attempts: all.reduce((sum, crowd) => sum + crowd.attempts, 0),
        messages,
        money: messages * PRICE,
        honest: `outage: ${describe(during)}; next 10 minutes: ${describe(after)}; then: ${describe(recovered)}`,
        bars: [
          { what: 'refused during the outage', measured: during.refused, atMost: 0 },
          { what: 'asked or refused later', measured: recovered.asked + recovered.refused, atMost: 0 },
        ],
      };
    },
  },
  {
    name: 'siege',
    title: 'a stranger against an owner on a new phone, one week',
    async run(simulation, isFull) {
      const siege = await besiege(simulation, isFull, false);
      const days: { judged: number; minutes: number | null }[] = [];
      for (let day = 0; day < 7; day++) {
        const { judged } = siege.counted;
        const hourOfOwner = (day * 5) % siege.stepsOfDay;
        let minutes: number | null = null;
        for (let step = 0; step < siege.stepsOfDay; step++) {
          await siege.besiegeOnce();
          if (step === hourOfOwner) minutes = await siege.signIn();
          await simulation.age(DAY / siege.stepsOfDay);
        }
        days.push({ judged: siege.counted.judged - judged, minutes });
      }
      const slowest = Math.max(...days.map(({ minutes }) => minutes ?? Infinity));
      return {
        ...siege.counted,
        money: 0,
        honest: `the owner signs in within ${slowest + 1} minutes on every day`,
        bars: [
          { what: 'minutes until the owner is in', measured: slowest, atMost: 5 },
          {
            what: 'guesses of strangers in a day',
            measured: Math.max(...days.map(({ judged }) => judged)),
            atMost: 20,
          },
        ],
      };
    },
  },
  {
    name: 'siege-with-proofs',
    title: 'a stranger with proofs of work against an owner on a new phone',
    async run(simulation, isFull) {
      const siege = await besiege(simulation, isFull, true);
      const { email, recipient, owner } = siege;
      const failed = { device: 0, link: 0, newPhone: 0 };
      const days = isFull ? 7 : 2;
      for (let day = 0; day < days; day++) {
        // As fast as the cooldown allows, until nothing is left for a new phone.
        for (let send = 0; send < 20; send++) {
          await siege.besiegeOnce();
          await simulation.age(MINUTE + 1);
        }
        const earlier = (await simulation.client.messages(email)).length;
        const visit = { path: '/auth/send_otp', body: { email }, ip: network(90, day), recipient };
        const known = { ...visit, deviceToken: owner.deviceToken };
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
    },
  },
];
