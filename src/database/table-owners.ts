/**
 * The module that owns each table: the folder below `src` whose repository defines its statements.
 */
export const TABLE_OWNERS = {
  challenges: 'otp',
  messages: 'notifier',
  suppressions: 'notifier',
  applications: 'applications',
  users: 'users',
  registrations: 'auth',
  used_proofs: 'budgets',
  budget_counters: 'budgets',
  fraud_rules: 'budgets',
  sealed_keys: 'passwords',
  signing_keys: 'signing',
  devices: 'sessions',
  sessions: 'sessions',
  contact_changes: 'users',
  address_history: 'users',
  customers: 'customers',
  customer_counts: 'customers',
  account_events: 'account-events',
  anonymous_events: 'account-events',
  audit_entries: 'audit',
  idempotency_keys: 'idempotency',
  redeemed_proofs: 'otp',
} as const;

export type Table = keyof typeof TABLE_OWNERS;

interface CrossModuleStatement {
  /** The tables of other modules that the statement reads, locks or writes. */
  tables: readonly Table[];
  /** Why the statement cannot stay within its module's tables. */
  reason: string;
}

/**
 * Every statement that touches a table of another module. The key is the statement's name; SQL
 * without a name is listed as `file constant`. `table-owners.spec.ts` compares this list with the
 * sources.
 */
export const CROSS_MODULE_STATEMENTS: Record<string, CrossModuleStatement> = {
  challenges_issue: {
    tables: ['messages', 'suppressions'],
    reason: 'One commit stores a code and queues its message. Nothing is sent to a suppressed recipient.',
  },
  challenges_states: {
    tables: ['messages'],
    reason: 'The status of a challenge includes the state of its newest message.',
  },
  messages_claim: {
    tables: ['challenges'],
    reason: 'A message is sent only while its code is live, which is checked when the message is taken.',
  },
  messages_finish: {
    tables: ['challenges'],
    reason: 'A number that this channel does not reach ends the wait for other channels with the outcome.',
  },
  messages_receive: {
    tables: ['challenges'],
    reason:
      'After a failure receipt, the next provider gets the message only while its code is live, and a number that this channel does not reach ends the wait for other channels.',
  },
  messages_by_provider: {
    tables: ['messages', 'challenges'],
    reason:
      'The report on abuse says what each provider was sent and cost, and how many of its codes were entered. It only reads.',
  },
  health_ping: {
    tables: ['challenges'],
    reason: 'Reads a real table, so that the server is not ready before its schema exists.',
  },
  account_events_add: {
    tables: ['users'],
    reason: 'A key lock on the account keeps it from being deleted before the event is stored.',
  },
  account_events_add_sign_in: {
    tables: ['users'],
    reason: 'Contains account_events_add.',
  },
  'users/account-erasure.repository.ts MESSAGES': {
    tables: ['messages', 'challenges'],
    reason:
      'The erasure of an account removes the rows under its addresses with the account, in one transaction.',
  },
  'users/account-erasure.repository.ts CHALLENGES': {
    tables: ['challenges'],
    reason: 'See MESSAGES.',
  },
  'users/account-erasure.repository.ts SUPPRESSIONS': {
    tables: ['suppressions'],
    reason: 'See MESSAGES.',
  },
  'users/account-erasure.repository.ts REGISTRATIONS': {
    tables: ['registrations'],
    reason: 'See MESSAGES.',
  },
  registrations_register: {
    tables: ['users', 'contact_changes'],
    reason: 'A registration is stored only for an address that no account has, nor can get back by an undo.',
  },
  registrations_create_account: {
    tables: ['users'],
    reason: 'One statement removes the registration and creates the account, so it is used only once.',
  },
  devices_of_address: {
    tables: ['users'],
    reason: 'A device has its own lane only for an address of its user.',
  },
  devices_of_claimant: {
    tables: ['users'],
    reason: 'Evidence of an account counts together with the security stamp that it was read with.',
  },
  devices_forget: {
    tables: ['users'],
    reason: 'Locks the row of the user first, as every statement that locks several rows of a user.',
  },
  sessions_open: {
    tables: ['users'],
    reason: 'A share lock on the user makes the check of the security stamp and the new session atomic.',
  },
  sessions_check: {
    tables: ['users'],
    reason: 'A request has the current roles of its user, whatever its token says, in one round trip.',
  },
  sessions_of_claimant: {
    tables: ['users'],
    reason: 'Evidence of an account counts together with the security stamp that it was read with.',
  },
  sessions_lock_user: {
    tables: ['users'],
    reason: 'Waits for sign-ins in progress before the sessions of the user end.',
  },
};
