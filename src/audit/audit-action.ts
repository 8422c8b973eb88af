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
  | 'application.create'
  | 'application.update'
  | 'application.delete'
  | 'application.new_secret'
  | 'delivery.read'
  | 'delivery.unblock'
  | 'keys.revoke';
