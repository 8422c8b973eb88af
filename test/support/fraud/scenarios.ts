import { logIn, signUp } from '../accounts.js';
import { BYSTANDERS, signUpWithPhone } from './bystanders.js';
import { pumpNumbers } from './pumping.js';
import {
  americanNumber,
  DAY,
  describe,
  digits,
  germanNumber,
  HOUR,
  MINUTE,
  network,
  range,
  share,
  type Scenario,
} from './scenario.js';
import { SIEGES } from './sieges.js';
import { Crowd, PRICE } from './simulation.js';

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
      const { email } = await signUpWithPhone(simulation, phone);
      await simulation.age(DAY);
      await simulation.reset();
      const devices: string[] = [];
      for (let device = 0; device < 50; device++)
        devices.push((await logIn(simulation.client, email)).deviceToken);
      const owner = new Crowd(simulation, true);
      for (const [device, deviceToken] of devices.entries()) {
        const ip = network(10, device);
        await owner.signIn(phone, ip, deviceToken);
        const otp = await owner.request({ phone_number: phone }, ip);
        if (otp) await owner.verify(phone, otp, ip);
        await simulation.age(DAY / 60);
      }
      return {
        attempts: owner.attempts,
        messages: owner.messages,
        money: owner.messages * PRICE,
        honest: '–',
        bars: [{ what: 'messages in the day', measured: owner.messages, atMost: 10 }],
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
      // More people would reach the limit of the money.
      const perMinute = isFull ? 50 : 8;
      const before = new Crowd(simulation, true);
      const during = new Crowd(simulation, true);
      const after = new Crowd(simulation, true);
      const recovered = new Crowd(simulation, true);
      let people = 0;
      // A country has few carriers, so people share networks. Their number is not a multiple of four,
      // so that on each network every fourth person does not enter the code.
      const ipOf = () => network(30, people++ % 19);
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
  ...SIEGES,
  ...BYSTANDERS,
];
