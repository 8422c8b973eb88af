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
  | 'fraud.read'
  | 'fraud.block'
  | 'fraud.unblock'
  | 'fraud.mark_safe'
  | 'fraud.unmark_safe'
  | 'keys.revoke';
