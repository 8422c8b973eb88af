/** In the order of a round. The floor's send or verify is what each is compared with. */
export const operations = {
  send: { yardstick: 'send', means: 'send a code to a new recipient' },
  cooldown: { yardstick: 'send', means: 'send within the cooldown, refused' },
  verify: { yardstick: 'verify', means: 'verify a right code' },
  wrong: { yardstick: 'verify', means: 'verify a wrong code' },
  signin: { yardstick: 'verify', means: 'sign in with a code: an account, a session and tokens' },
  refresh: { yardstick: 'verify', means: 'get new tokens' },
  authenticated: { yardstick: 'verify', means: 'read the own profile, signed in' },
  password: { yardstick: 'verify', means: 'sign in with a password (4 connections)' },
};
