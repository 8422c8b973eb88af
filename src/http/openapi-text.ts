/** What people read first, at the top of Swagger UI. */
export const description = (
  basePath: string,
) => `Sends one-time codes by e-mail and SMS, checks each code once, and signs a proof of the result.

**Try it out.** Every operation has an example that you can send as it is, or says what it needs first:

- **A code or a link.** In development, all messages are at [/inbox](${basePath}/inbox). Replace the code or the token
of the example with the one from the message.
- **An access token.** Register an account and verify it. Press *Authorize* and paste the \`accessToken\` of the reply.
It works for 15 minutes; then sign in again.
- **An administrator.** Run \`npx -y pnpm@12 admin:grant grace@example.com\` for an account that was verified, then sign
in again. With the embedded database, stop the server first.
- **An application.** In development, \`/otp\` needs none. An administrator creates one in *Applications*; *Authorize*
takes its id and secret, or the id alone for a browser application.

Errors are \`application/problem+json\` (RFC 9457) with a stable \`code\`. 429 and 503 carry \`Retry-After\`.`;

/** The groups of operations, in the order of a first visit. */
export const TAGS: Record<string, string> = {
  'Sign-in': 'Sign in with a code, a link or a password, and refresh the session.',
  Codes: 'Verify an address or approve a transaction with a one-time code, without an account.',
  'Inbox (development)': 'The messages that a development server keeps instead of sending them.',
  Registration: 'Create an account.',
  Account: 'Read, change, export and delete your own account.',
  Password: 'Change or reset a password.',
  Sessions: 'List and end your sessions.',
  Customers: 'Contact records of the signed-in user.',
  Keys: 'Public keys that verify what this server signs.',
  Health: 'Health checks and metrics.',
  Webhooks: 'Receipts of the vendors that deliver messages.',
  Compatibility:
    'The same operations under `/api`, for clients of the Express server that this one replaces.',
  Applications: 'The programs that may call this server. For administrators only.',
  Fraud: 'Reports of what was sent and spent, blocks, and the safe list. For administrators only.',
  Administration: 'Manage users, deliveries and the audit log. For administrators only.',
};

/** What an operation says at the end of its description. */
export const NEEDS_TOKEN = 'Needs an access token: press *Authorize*.';
export const NEEDS_ADMINISTRATOR = 'Needs the access token of an administrator: press *Authorize*.';
