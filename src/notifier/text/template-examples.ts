import type { MessageContent } from './message-content.js';

const LINK = 'https://auth.example.com/page#token=aB-_9';
const SIGN_IN = { at: '2026-11-21T10:05:00.000Z', device: 'Firefox, Linux', ip: '203.0.113.7' };

/** One message per template, for previews and for the check of an operator's texts. */
export const EXAMPLES: Record<string, MessageContent> = {
  code: { code: '123456', context: { amount: '39.99 EUR', payee: 'Acme' } },
  password_reset: { code: '123456', link: LINK },
  address_taken: {},
  no_account: {},
  password_changed: {},
  contact_changed: { field: 'phone', to: '+14•••••••23', link: LINK, undoHours: 72 },
  phone_linked: { phone: '+14•••••••23' },
  new_sign_in: SIGN_IN,
  many_failures: SIGN_IN,
};
