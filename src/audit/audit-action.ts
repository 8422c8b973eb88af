/** Actions of administrators that are written to the audit log. Reading personal data is one. */
export type AuditAction =
  | 'user.list'
  | 'user.read'
  | 'user.read_events'
  | 'user.invite'
  | 'user.update'
  | 'user.delete'
  | 'user.erase'
  | 'user.grant_admin'
  | 'delivery.read'
  | 'delivery.unblock'
  | 'keys.revoke';
