// Requests to the baseline server.
const send = { method: 'POST', path: '/send', status: 200, includes: '"id":' };
const verify = { method: 'POST', path: '/verify', status: 200, includes: '"approved":true' };

export const baseline = {
  name: 'baseline',
  script: 'bench/baseline-server.js',
  operations: {
    send: ({ tag }) => ({ ...send, body: `{"email":"${tag}-{n}@bench.test"}` }),
    async verify({ db, tag, seconds }) {
      const limit = 25_000 * seconds;
      await db.query(
        `insert into baseline (recipient, id, code)
         select $1 || '-' || n || '@bench.test', gen_random_uuid(), '123456' from generate_series(0, $2 - 1) n`,
        [tag, limit],
      );
      return { ...verify, body: `{"email":"${tag}-{n}@bench.test","otp":"123456"}`, limit };
    },
  },
};
