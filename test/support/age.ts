/** What each table knows of time. */
const TIMES: Record<string, string[]> = {
  challenges: ['issued_at', 'expires_at', 'resend_at', 'consumed_at', 'failures_since', 'sends_since'],
  messages: ['created_at', 'due_at', 'expires_at', 'finished_at'],
  registrations: ['created_at', 'expires_at'],
  password_guesses: ['window_start'],
  devices: ['created_at', 'last_used_at'],
  sessions: ['authenticated_at', 'rotated_at', 'last_used_at', 'expires_at', 'ended_at'],
  contact_changes: ['created_at', 'expires_at'],
  account_events: ['at'],
};

/** Makes everything that is known this much older: the database's clock decides. */
export async function age(run: (statement: string) => Promise<unknown>, seconds: number): Promise<void> {
  const by = `make_interval(secs => ${seconds})`;
  for (const [table, columns] of Object.entries(TIMES))
    await run(`update ${table} set ${columns.map((column) => `${column} = ${column} - ${by}`).join(', ')}`);
}
