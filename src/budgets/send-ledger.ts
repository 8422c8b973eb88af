import type { SendKeys } from './budget-keys.js';
import { MONEY } from './budget-keys.js';
import {
  judgeApplication,
  judgeMoney,
  judgeRecipient,
  judgeScope,
  type ApplicationBudget,
  type Evidence,
  type Judgement,
  type SpendLimits,
  type Usage,
} from './budget-rules.js';

export type Scope = 'recipient' | 'application' | 'money' | 'network' | 'prefix' | 'country';

/** A message that the statement has counted. */
export interface CountedSend {
  keys: SendKeys;
  evidence: Evidence;
  /** In millionths of the unit of `PHONE_PRICES`. 0: the channel costs nothing. */
  price: number;
  application: ApplicationBudget | null;
  /** Exempt from the limits per prefix and country. */
  isSafeNumber: boolean;
  /** Exempt from the limit per network. */
  isSafeAddress: boolean;
  /** The level of the proof of work that the request has solved; 0: none. */
  proofLevel: number;
}

/** A row of `budget_counters` after the statement. */
export interface Counter extends Usage {
  /** Of a recipient: the keys that it is newly counted in, see `Fresh`. */
  fresh: number;
}

/** The bits of `fresh`. */
export const Fresh = { hour: 1, day: 2, network: 4, wideNetwork: 8 } as const;

export interface LedgerOptions {
  spend: SpendLimits;
  /** False: what network, prefix and country would do is only recorded. */
  enforcesFraud: boolean;
}

export type Verdict = { observed: Scope | null } & (
  | { outcome: 'allowed' }
  | { outcome: 'proof'; scope: Scope; level: number }
  | { outcome: 'refused'; scope: Scope; retryAfter: number }
);

/** What a message adds to the rows of its scopes. */
interface Addition {
  key: string;
  hour: number;
  day: number;
  spent: number;
}

function additions({ keys, price }: CountedSend, fresh: number): Addition[] {
  const one = (bit: number) => ((fresh & bit) === 0 ? 0 : 1);
  const [hour, day] = [one(Fresh.hour), one(Fresh.day)];
  const [network, wide] = [one(Fresh.network), one(Fresh.wideNetwork)];
  const all = [
    { key: keys.network, hour: network, day: network, spent: 0 },
    { key: keys.wideNetwork, hour: wide, day: wide, spent: 0 },
    { key: keys.prefix, hour, day, spent: price },
    { key: keys.country, hour, day, spent: price },
    { key: keys.application, hour: 1, day: 1, spent: price },
    { key: price > 0 ? MONEY : null, hour: 1, day: 1, spent: price },
  ];
  return all.filter((addition): addition is Addition => addition.key !== null);
}

export interface LedgerCall {
  send: CountedSend;
  /** Whether the totals include this message. */
  isCounted: boolean;
}

/** Whether the message may be sent now. */
export function isAccepted(verdict: Verdict, { proofLevel }: CountedSend): boolean {
  return verdict.outcome === 'allowed' || (verdict.outcome === 'proof' && proofLevel >= verdict.level);
}

/**
 * The verdicts on the messages of a batch, in order. Each message is judged by the totals without the
 * batch, plus the accepted messages before it, plus itself. So a batch allows exactly as much as the
 * same messages one after the other. Leaves the totals with the accepted messages.
 */
export function judgeBatch(
  calls: LedgerCall[],
  counters: Map<string, Counter>,
  options: LedgerOptions,
): Verdict[] {
  const added = calls.map(({ send }) => additions(send, counters.get(send.keys.recipient)?.fresh ?? 0));
  const addAll = (index: number, sign: 1 | -1) =>
    added[index]?.forEach((addition) => add(counters, addition, sign));
  calls.forEach(({ send, isCounted }, index) => {
    // The recipient's own row is judged with the message.
    if (isCounted) addAll(index, -1);
    else addMessage(counters.get(send.keys.recipient), send);
  });
  return calls.map(({ send }, index) => {
    addAll(index, 1);
    const verdict = judge(send, counters, options);
    if (!isAccepted(verdict, send)) addAll(index, -1);
    return verdict;
  });
}

function addMessage(recipient: Counter | undefined, { evidence }: CountedSend): void {
  if (!recipient) return;
  recipient.daySent += 1;
  if (evidence.isRecognised) recipient.recognised += 1;
}

function add(counters: Map<string, Counter>, { key, hour, day, spent }: Addition, sign: 1 | -1): void {
  const counter = counters.get(key);
  if (!counter) return;
  counter.hourSent += sign * hour;
  counter.daySent += sign * day;
  counter.hourSpent += sign * spent;
  counter.daySpent += sign * spent;
}

/** The scopes in the order in which they refuse. The strictest level of all of them counts. */
function judge(send: CountedSend, counters: Map<string, Counter>, options: LedgerOptions): Verdict {
  const { keys, evidence, application } = send;
  const judgements: [Scope, Judgement][] = [];
  const look = (scope: Scope, key: string | null, rule: (usage: Usage) => Judgement) => {
    const usage = key === null ? undefined : counters.get(key);
    if (usage) judgements.push([scope, rule(usage)]);
  };
  look('recipient', keys.recipient, (usage) => judgeRecipient(usage, evidence));
  if (application) look('application', keys.application, (usage) => judgeApplication(usage, application));
  if (send.price > 0) look('money', MONEY, (usage) => judgeMoney(usage, options.spend, evidence));
  const always = strictest(judgements);

  judgements.length = 0;
  // A recognised device of the owner is counted, but a stranger's messages do not hold it up.
  if (!send.isSafeAddress && !evidence.isRecognised) {
    look('network', keys.network, (usage) => judgeScope('network', usage));
    look('network', keys.wideNetwork, (usage) => judgeScope('wideNetwork', usage));
  }
  if (!send.isSafeNumber && !evidence.isRecognised) {
    look('prefix', keys.prefix, (usage) => judgeScope('prefix', usage));
    look('country', keys.country, (usage) => judgeScope('country', usage));
  }
  const fraud = strictest(judgements, evidence.isServer);
  if (!options.enforcesFraud)
    return { ...always, observed: fraud.outcome === 'allowed' ? null : fraud.scope };
  return { ...worse(always, fraud), observed: null };
}

type Found =
  | { outcome: 'allowed' }
  | { outcome: 'proof'; scope: Scope; level: number }
  | { outcome: 'refused'; scope: Scope; retryAfter: number };

function strictest(judgements: [Scope, Judgement][], isServer = false): Found {
  return judgements.reduce<Found>(
    (found, [scope, judgement]) => {
      if ('retryAfter' in judgement)
        return worse(found, { outcome: 'refused', scope, retryAfter: judgement.retryAfter });
      if (judgement.level === 0 || isServer) return found;
      return worse(found, { outcome: 'proof', scope, level: judgement.level });
    },
    { outcome: 'allowed' },
  );
}

const SEVERITY = { allowed: 0, proof: 1, refused: 2 } as const;

/** The first of two refusals counts, and the higher of two levels. */
function worse(one: Found, other: Found): Found {
  if (one.outcome === 'proof' && other.outcome === 'proof') return other.level > one.level ? other : one;
  return SEVERITY[other.outcome] > SEVERITY[one.outcome] ? other : one;
}
