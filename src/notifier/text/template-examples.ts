import type { MessageContent } from './message-content.js';

const LINK = 'https://auth.example.com/page#token=aB-_9';
const SIGN_IN = { at: '2026-11-21T10:05:00.000Z', device: 'Firefox, Linux', ip: '203.0.113.7' };

const CODE = { code: '123456' };
const APPROVAL = { ...CODE, context: { amount: '39.99 EUR', payee: 'Acme' } };

/** The sentences of `code` are those of the purposes `verification` and `email_verification`. */
const EXAMPLES: Record<string, MessageContent[]> = {
  code: [CODE, APPROVAL],
  'code.login': [{ ...CODE, link: LINK }],
  'code.transaction': [APPROVAL],
  'code.contact_change': [CODE],
  password_reset: [{ ...CODE, link: LINK }],
  invitation: [{ link: LINK }],
  address_taken: [{}],
  no_account: [{}],
  password_changed: [{}],
  contact_changed: [{ field: 'phone', to: '+14•••••••23', link: LINK, undoHours: 72 }],
  roles_changed: [
    { whose: 'own', roles: 'user, admin' },
    { whose: 'other', to: 'a•••@example.com', roles: 'user, admin' },
    { whose: 'deleted', to: 'a•••@example.com' },
  ],
  account_deleted: [{ link: LINK, undoHours: 72 }],
  phone_linked: [{ phone: '+14•••••••23' }],
  new_sign_in: [SIGN_IN],
  many_failures: [SIGN_IN],
};

/** The built-in messages: each template, and `code.<purpose>` for a purpose with sentences. */
export const MESSAGES = Object.keys(EXAMPLES);

/** Examples of a message, for previews and for the check of an operator's texts. */
export function examplesOf(message: string): MessageContent[] {
  const [template = '', purpose] = message.split('.');
  return (EXAMPLES[message] ?? EXAMPLES[template] ?? []).map((example) => ({ ...example, purpose }));
}
