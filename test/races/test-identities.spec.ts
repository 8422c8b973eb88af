import { newId } from '../../src/common/random.js';
import { Cluster } from '../support/cluster.js';
import { ServerProcess } from '../support/server.js';
import { VendorStub } from '../support/vendor-stub.js';

const EMAIL = 'person@acme.test';

describe('a production server with a test identity', () => {
  let cluster: Cluster;
  let stub: VendorStub;
  beforeAll(async () => {
    [cluster, stub] = await Promise.all([Cluster.start(1), VendorStub.start()]);
  });
  afterAll(async () => {
    await cluster?.stop();
    await stub?.stop();
  });

  const inDays = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
  const production = () => ({
    ...stub.settings,
    NODE_ENV: 'production',
    PHONE_SPEND_PER_HOUR: '1000000',
    PHONE_SPEND_PER_DAY: '1000000',
    PUBLIC_URL: 'https://auth.example.org',
    APP_SECRET: 'Zm9yIHRlc3RzIG9ubHksIG1hZGUgYnkgaGFuZCA0Mg==',
    SMS_ALLOWED_COUNTRIES: '*',
    DATABASE_URL: cluster.url,
    TEST_IDENTITIES: `${EMAIL}=111111@${inDays(30)}`,
  });

  it('does not start when an account that no test identity made has the address', async () => {
    // The keys in the database belong to the secret of the process that made them.
    await Promise.all(cluster.servers.map((server) => server.stop()));
    await cluster.pool.query('truncate sealed_keys, signing_keys');
    await cluster.pool.query('insert into users (id, email) values ($1, $2)', [newId(), EMAIL]);
    const refused = await ServerProcess.launch(production());
    expect(await refused.ended).toBe(1);
    expect(refused.log).toContain('TEST_IDENTITIES names the address of an account');
    expect(refused.log).not.toContain(EMAIL);

    await cluster.pool.query('update users set is_test = true');
    const accepted = await ServerProcess.start(production());
    expect(accepted.isRunning).toBe(true);
    await accepted.stop();
  });
});
