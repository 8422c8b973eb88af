/** Actions of administrators that are written to the audit log. */
export type AuditAction = 'user.update' | 'user.grant_admin' | 'user.erase' | 'delivery.unblock';
