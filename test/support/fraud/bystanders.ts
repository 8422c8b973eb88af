import { logIn, signUp } from '../accounts.js';
import { basic } from '../applications.js';
import { pumpNumbers } from './pumping.js';
import {
  americanNumber,
  DAY,
  describe,
  digits,
  HOUR,
  network,
  range,
  share,
  type Scenario,
} from './scenario.js';
import { Crowd, PRICE, SPEND_PER_HOUR, type Simulation } from './simulation.js';

/** Somebody with an account whose phone number is verified and whose device is recognised. */
interface KnownPerson {
  email: string;
  phone: string;
  deviceToken: string;
}

export async function signUpWithPhone(simulation: Simulation, phone: string): Promise<KnownPerson> {
  const { email, deviceToken } = await signUp(simulation.client, `known-${digits(12)}@example.com`);
  // An earlier scenario may have used the number.
  const free = 'update users set phone = null, phone_verified_at = null where phone = $1';
  await simulation.cluster.sql(free, [phone]);
  await simulation.cluster.sql('update users set phone = $1, phone_verified_at = now() where email = $2', [
    phone,
    email,
  ]);
  return { email, phone, deviceToken };
}

/** Their rows are older than a day, so nothing that they did counts any more. */
async function knownPeople(simulation: Simulation, phones: string[]): Promise<KnownPerson[]> {
  const people: KnownPerson[] = [];
  for (const phone of phones) people.push(await signUpWithPhone(simulation, phone));
  await simulation.age(DAY);
  await simulation.reset();
  return people;
}

/** A server application, as an operator creates it. Returns its headers. */
async function createServerApplication(simulation: Simulation): Promise<Record<string, string>> {
  const email = `admin-${digits(12)}@example.com`;
  await signUp(simulation.client, email);
  await simulation.cluster.sql(`update users set roles = '{user,admin}' where email = $1`, [email]);
  const admin = await logIn(simulation.client, email);
  const { body } = await admin.post('/applications', { name: 'Shop', kind: 'server' }).expect(201);
  const { id, secret } = body as { id: string; secret: string };
  return { authorization: basic(id, secret) };
}

async function verifyNumber(
  crowd: Crowd,
  phone: string,
  index: number,
  headers?: Record<string, string>,
): Promise<void> {
  const ip = network(90, index);
  const otp = await crowd.request({ phone_number: phone }, ip, headers);
  if (otp) await crowd.verify(phone, otp, ip);
}

/** Honest people, new ones and known ones, whose prefixes are pumped for six hours. */
async function attackPrefixes(simulation: Simulation, isFull: boolean, solves: boolean) {
  // Few prefixes, so that the limit per country does not stop the attack first.
  const [prefixes, hours] = [4, 6];
  /** In each hour and prefix, and as many known people as new ones. */
  const [attacks, people] = isFull ? [500, 5] : [30, 1];
  const numberIn = (prefix: number, line: number) => `+1415${220 + prefix}${String(line).padStart(4, '0')}`;
  const phones = range(prefixes * hours * people).map((at) => numberIn(at % prefixes, 8_000 + at));
  const known = await knownPeople(simulation, phones);
  const attackers = new Crowd(simulation, solves);
  const strangers = new Crowd(simulation, true);
  const recognised = new Crowd(simulation, true);
  for (let hour = 0; hour < hours; hour++) {
    await simulation.each(range(prefixes * attacks), (at) =>
      attackers.request(
        { phone_number: numberIn(at % prefixes, 1_000 + hour * attacks + Math.floor(at / prefixes)) },
        network(10, at),
      ),
    );
    for (const visit of range(prefixes * people)) {
      const at = hour * prefixes * people + visit;
      await verifyNumber(strangers, numberIn(at % prefixes, 7_000 + at), at);
      const { phone, deviceToken } = known[at] as KnownPerson;
      await recognised.signIn(phone, network(90, at), deviceToken);
    }
    await simulation.age(HOUR);
  }
  const all = [attackers, strangers, recognised];
  return {
    attempts: attackers.attempts,
    messages: attackers.messages,
    money: all.reduce((sum, { messages }) => sum + messages, 0) * PRICE,
    honest: `new: ${describe(strangers)}; recognised: ${describe(recognised)}`,
    bars: [
      { what: 'recognised devices asked', measured: recognised.asked, atMost: 0 },
      { what: 'recognised devices refused', measured: recognised.refused, atMost: 0 },
      {
        what: 'new people refused',
        measured: share(strangers.refused, strangers.attempts),
        // Who solves proofs can use up what a prefix may have.
        atMost: solves ? Infinity : 0,
      },
    ],
  };
}

/** Strangers who solve every proof spend what they may spend in an hour. */
async function spendAll(simulation: Simulation, isFull: boolean) {
  const count = isFull ? 1_000 : 60;
  const known = await knownPeople(simulation, range(isFull ? 200 : 20).map(americanNumber));
  const headers = await createServerApplication(simulation);
  await simulation.reset();
  const attackers = new Crowd(simulation, true);
  // The earlier attempts of this hour, so that fewer are needed.
  const spent = Math.round((SPEND_PER_HOUR * 0.8 - (count / 2) * PRICE) * 1_000_000);
  await simulation.cluster.sql(
    `insert into budget_counters (key, hour_spent, day_spent) values ('money', $1, $1)`,
    [spent],
  );
  await simulation.each(range(count), (at) =>
    attackers.request({ phone_number: `+1415${220 + (at % 70)}${1_000 + at}` }, network(10, at)),
  );
  const [recognised, server, strangers, later] = range(4).map(() => new Crowd(simulation, true)) as [
    Crowd,
    Crowd,
    Crowd,
    Crowd,
  ];
  for (const [at, { phone, deviceToken }] of known.entries()) {
    await recognised.signIn(phone, network(90, at), deviceToken);
    await verifyNumber(server, americanNumber(), at, headers);
    await verifyNumber(strangers, americanNumber(), at);
  }
  await simulation.age(HOUR);
  for (const at of range(known.length)) await verifyNumber(later, americanNumber(), at);
  const all = [attackers, recognised, server, strangers, later];
  return {
    attempts: attackers.attempts,
    messages: attackers.messages,
    money: all.reduce((sum, { messages }) => sum + messages, 0) * PRICE,
    honest:
      `recognised: ${describe(recognised)}; of a server: ${describe(server)}; ` +
      `new: ${describe(strangers)}; an hour later: ${describe(later)}`,
    bars: [
      { what: 'attackers who spent', measured: attackers.messages, atMost: count / 2 },
      { what: 'recognised devices refused', measured: recognised.refused, atMost: 0 },
      { what: 'codes of a server refused', measured: server.refused, atMost: 0 },
      { what: 'new people refused an hour later', measured: later.refused, atMost: 0 },
    ],
  };
}

const thin = (isFull: boolean) =>
  isFull
    ? { attempts: 10_000, prefixes: 2_000, networks: 10_000, honest: 200, hours: 24 }
    : { attempts: 1_000, prefixes: 200, networks: 1_000, honest: 40, hours: 4 };

/** What an attack on a prefix, a country or the money does to others. */
export const BYSTANDERS: Scenario[] = [
  {
    name: 'attacked-prefix',
    title: 'honest people in prefixes that are pumped without proofs, 6 hours',
    run: (simulation, isFull) => attackPrefixes(simulation, isFull, false),
  },
  {
    name: 'attacked-prefix-with-proofs',
    title: 'honest people in prefixes that are pumped with proofs, 6 hours',
    isOnlyInBench: true,
    run: (simulation, isFull) => attackPrefixes(simulation, isFull, true),
  },
  {
    name: 'spend',
    title: "strangers with proofs use up their part of an hour's money",
    run: spendAll,
  },
  {
    name: 'thin',
    title: 'pumping spread over many prefixes of one country, 5 numbers each',
    run: (simulation, isFull) => pumpNumbers(simulation, thin(isFull), false),
  },
  {
    name: 'thin-with-proofs',
    title: 'the same with proofs of work',
    isOnlyInBench: true,
    run: (simulation, isFull) => pumpNumbers(simulation, thin(isFull), true),
  },
];
