/** The timestamp columns of each table. */
const TIMESTAMPS: Record<string, string[]> = {
  challenges: [
    ...['issued_at', 'expires_at', 'previous_expires_at', 'resend_at', 'consumed_at'],
    ...['failures_since', 'failed_at'],
  ],
  address_history: ['last_at'],
  messages: ['created_at', 'due_at', 'expires_at', 'finished_at'],
  users: ['invitation_expires_at', 'closed_at'],
  registrations: ['created_at', 'expires_at'],
  budget_counters: ['hour_start', 'day_start'],
  fraud_rules: ['created_at', 'until'],
  devices: ['created_at', 'last_used_at'],
  sessions: ['authenticated_at', 'rotated_at', 'last_used_at', 'expires_at', 'ended_at'],
  contact_changes: ['created_at', 'expires_at'],
  account_events: ['at'],
  idempotency_keys: ['leased_until', 'expires_at'],
  redeemed_proofs: ['expires_at'],
  applications: ['created_at', 'previous_secret_expires_at', 'disabled_at'],
};

/** Moves every timestamp into the past. Tests use this instead of waiting. */
export async function age(run: (statement: string) => Promise<unknown>, seconds: number): Promise<void> {
  const interval = `make_interval(secs => ${seconds})`;
  for (const [table, columns] of Object.entries(TIMESTAMPS)) {
    const changes = columns.map((column) => `${column} = ${column} - ${interval}`);
    await run(`update ${table} set ${changes.join(', ')}`);
  }
}
