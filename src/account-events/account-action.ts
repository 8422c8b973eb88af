/** Actions on an account that are recorded, whether they succeed or not. */
export type AccountAction =
  | 'sign_in'
  | 'registration'
  | 'email_verification'
  | 'password_reset'
  | 'password_change'
  | 'contact_change'
  | 'contact_undo'
  | 'deletion'
  | 'deletion_undo'
  | 'export'
  | 'reauthentication'
  | 'refresh'
  | 'sign_out';
