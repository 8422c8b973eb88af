/** Makes everything known about challenges and messages this much older: the database's clock decides. */
export async function age(run: (statement: string) => Promise<unknown>, seconds: number): Promise<void> {
  const by = `make_interval(secs => ${seconds})`;
  await run(`update challenges set issued_at = issued_at - ${by}, expires_at = expires_at - ${by},
    resend_at = resend_at - ${by}, consumed_at = consumed_at - ${by}, failures_since = failures_since - ${by},
    sends_since = sends_since - ${by}`);
  await run(`update messages set created_at = created_at - ${by}, due_at = due_at - ${by},
    expires_at = expires_at - ${by}`);
}
