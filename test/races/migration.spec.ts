import { Cluster } from '../support/cluster.js';
import { tally, Volley, type Call } from '../support/parallel.js';

const CALLS = 64;
/** Codes of different purposes are issued by different statements: as many at once as the pool has connections. */
const PURPOSES = 8;

/** As when the next version starts, and this one serves for a while beside it. */
describe('a server under which a migration changes a column', () => {
  let cluster: Cluster;
  let volley: Volley;
  let people = 0;
  beforeAll(async () => {
    cluster = await Cluster.start(1, { OTP_EXPOSE_CODE: 'true' });
    volley = await Volley.open(cluster.urls, CALLS);
  });
  afterAll(async () => {
    volley.close();
    await cluster.stop();
  });

  it('answers as before, on every connection that has prepared what it asks', async () => {
    for (const type of ['text collate "C"', 'varchar', 'text collate "C"']) {
      for (const table of ['challenges', 'messages'])
        await cluster.sql(`alter table ${table} alter column recipient type ${type}`);
      const codes = Array.from({ length: CALLS }, () => {
        const number = people++;
        return { email: `person-${number}@example.com`, purpose: `p${number % PURPOSES}` };
      });
      const sent = await volley.fire(codes.map((body): Call => ({ path: '/otp/generate', body })));
      expect(tally(sent)).toEqual({ 200: CALLS });
      const guesses = codes.map((code, i): Call => {
        return { path: '/otp/verify', body: { ...code, otp: sent[i]?.body.otp } };
      });
      expect(tally(await volley.fire(guesses))).toEqual({ 200: CALLS });
    }
  });
});
