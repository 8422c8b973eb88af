/** What `OTP_POLICIES` sets for the codes of one purpose. Absent values have their defaults. */
export interface OtpPolicy {
  codeLength?: number;
  ttlSeconds?: number;
  maxAttempts?: number;
}

/** A `Map`, because a purpose may have the name of a property of objects, such as `constructor`. */
export type OtpPolicies = ReadonlyMap<string, OtpPolicy>;

interface Rule {
  field: keyof OtpPolicy;
  min: number;
  max: number;
}

const RULES: Record<string, Rule> = {
  length: { field: 'codeLength', min: 4, max: 10 },
  ttl: { field: 'ttlSeconds', min: 30, max: 600 },
  attempts: { field: 'maxAttempts', min: 1, max: 10 },
};

/** People who reset a password need longer, because they choose a new one in that time. */
const RESET_TTL: Rule = { field: 'ttlSeconds', min: 30, max: 900 };

export class OtpPolicyError extends Error {}

/**
 * Parses `checkout:length=8,ttl=120,attempts=3;payout:ttl=60`. Throws an `OtpPolicyError` that says
 * what is wrong and repeats only names.
 */
export function parseOtpPolicies(text: string): OtpPolicies {
  const policies = new Map<string, OtpPolicy>();
  for (const item of text.split(';').filter((part) => part.trim())) {
    const [purpose = '', assignments] = item.split(/:(.*)/s).map((part) => part.trim());
    if (assignments === undefined || !/^[a-z][a-z0-9_]{0,31}$/.test(purpose))
      throw new OtpPolicyError('must list purposes and their values, such as checkout:length=8,ttl=120');
    if (policies.has(purpose)) throw new OtpPolicyError(`must list each purpose once: ${purpose}`);
    policies.set(purpose, parsePolicy(purpose, assignments));
  }
  if (policies.size === 0) throw new OtpPolicyError('must list at least one purpose');
  return policies;
}

function parsePolicy(purpose: string, assignments: string): OtpPolicy {
  const policy: OtpPolicy = {};
  for (const assignment of assignments.split(',')) {
    const [key = '', value = ''] = assignment.split(/=(.*)/s).map((part) => part.trim());
    const rule = Object.hasOwn(RULES, key) ? RULES[key] : undefined;
    if (!rule) throw new OtpPolicyError(`must set length, ttl or attempts, and nothing else, for ${purpose}`);
    const { field, min, max } = purpose === 'password_reset' && key === 'ttl' ? RESET_TTL : rule;
    if (policy[field] !== undefined) throw new OtpPolicyError(`must set ${key} once for ${purpose}`);
    if (!/^\d{1,3}$/.test(value) || Number(value) < min || Number(value) > max)
      throw new OtpPolicyError(`must set ${key} to a whole number from ${min} to ${max} for ${purpose}`);
    policy[field] = Number(value);
  }
  return policy;
}
