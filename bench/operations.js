/**
 * The measured operations in the order of a round. `baseline` is the operation of the baseline
 * server that each is compared with.
 */
export const operations = {
  send: { baseline: 'send', description: 'send a code to a new recipient' },
  cooldown: { baseline: 'send', description: 'send within the cooldown: 429' },
  verify: { baseline: 'verify', description: 'verify a correct code' },
  wrong: { baseline: 'verify', description: 'verify a wrong code' },
  signin: { baseline: 'verify', description: 'sign in with a code: account, session and tokens' },
  refresh: { baseline: 'verify', description: 'refresh the tokens' },
  authenticated: { baseline: 'verify', description: "read the user's own profile" },
  password: { baseline: 'verify', description: 'sign in with a password (4 connections)' },
};
