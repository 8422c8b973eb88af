import { DataSource } from 'typeorm';
import { AuditLog } from '../audit/audit-log.service.js';
import { SigningService } from '../signing/signing.service.js';
import { withServices } from './services.js';

/**
 * `keys:revoke [kid]`. Without a kid, every signing key is revoked. New keys are stored before the
 * command ends, and running servers use them a few seconds later.
 */
export async function revokeKeys(kid?: string): Promise<number> {
  const revoked = await withServices(async (app) => {
    const signing = app.get(SigningService);
    const kids = await app.get(DataSource).transaction(async (manager) => {
      const removed = await signing.revoke(kid ?? null, manager);
      const details = kid === undefined ? { count: removed.length } : { kid };
      if (removed.length > 0)
        await app.get(AuditLog).record({ actorId: null, action: 'keys.revoke', details }, manager);
      return removed;
    });
    await signing.refresh();
    return kids;
  });
  process.stdout.write(
    revoked.length > 0
      ? revoked.map((id) => `Revoked ${id}\n`).join('')
      : `There is no signing key ${kid}.\n`,
  );
  return revoked.length > 0 ? 0 : 1;
}
