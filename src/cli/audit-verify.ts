import { AuditLog } from '../audit/audit-log.service.js';
import { withServices } from './services.js';

/** `audit:verify`. Checks the chain of the audit log and prints its head, to be kept elsewhere. */
export async function verifyAudit(): Promise<number> {
  const { entries, head, broken } = await withServices((app) => app.get(AuditLog).verify());
  const text = broken
    ? `Entry ${broken.seq} (${broken.id}) is broken: ${broken.reason}.`
    : `The audit log is intact. Entries: ${entries}. Head: ${head ?? 'none'}.`;
  process.stdout.write(`${text}\n`);
  return broken ? 1 : 0;
}
