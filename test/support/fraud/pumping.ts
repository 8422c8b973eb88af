import {
  americanNumber,
  DAY,
  describe,
  network,
  processorHours,
  range,
  share,
  type Result,
} from './scenario.js';
import { Crowd, PRICE, SPEND_PER_DAY, type Simulation } from './simulation.js';

/** Not those of honest people. */
const AREAS = [
  ...[415, 201, 203, 205, 207, 208, 209, 210, 214, 215, 216, 217, 218],
  ...[219, 224, 225, 228, 229, 231, 234, 239, 240, 248, 251, 252],
];
const rentedPrefix = (index: number) => `+1${AREAS[Math.floor(index / 80)]}${220 + (index % 80)}`;

/** Consecutive numbers over a day, while honest people of the country sign in. */
export async function pumpNumbers(
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
        { phone_number: `${rentedPrefix(at % plan.prefixes)}${line}` },
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
  // The bar of one per cent, or what the limits of prefixes and country allow in a day.
  const byCountry = solves ? Infinity : 100 + people.messages;
  const perDay = Math.max(plan.attempts / 100, Math.min(plan.prefixes * 25, byCountry));
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
