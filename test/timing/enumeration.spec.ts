import { Agent } from 'node:http';
import { Cluster } from '../support/cluster.js';
import { post } from '../support/parallel.js';

const KINDS = ['unknown', 'known', 'disabled', 'unproved'] as const;
type Kind = (typeof KINDS)[number];

const WARM_UP = 15;
const MAX_GAP_MS = 5;
const PASSWORD = 'never the password of anyone';

/** Each sample uses a new address. The kinds take strict turns, so drift affects all of them. */
describe.each([
  [
    4,
    300,
    ['/auth/login', '/auth/register', '/auth/forgot', '/auth/send_otp', '/auth/login after /auth/register'],
  ],
  [10, 25, ['/auth/login', '/auth/register']],
])('response times with bcrypt cost %i', (cost, samples, paths) => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await Cluster.start(1, { BCRYPT_COST: String(cost) });
  });
  afterAll(async () => {
    agent.destroy();
    await cluster?.stop();
  });

  it.each(paths)(
    '%s takes equally long for unknown, known, disabled and unverified addresses',
    async (flow) => {
      const [path = '', before] = flow.split(' after ');
      const slug = flow.replace(/\W+/g, '-');
      const address = (kind: Kind, index: number) =>
        `p${String(index).padStart(4, '0')}${slug}.${kind.padEnd(8, 'x')}@example.com`;
      await populate(address);

      const times = Object.fromEntries(KINDS.map((kind) => [kind, [] as number[]])) as Record<Kind, number[]>;
      const statuses = new Set<number>();
      for (let index = 0; index < WARM_UP + samples; index++) {
        // Keeps the guess limit of the network from refusing these requests.
        if (index % 20 === 0)
          await cluster.sql(`delete from budget_counters where key like 'password-network:%'`);
        // Rotates the order, so each kind comes first equally often.
        for (const turn of KINDS.keys()) {
          const kind = KINDS[(index + turn) % KINDS.length] as Kind;
          const body = {
            email: address(kind, index),
            ...(/login|register/.test(path) && { password: PASSWORD }),
          };
          if (before) await post(cluster.urls[0] ?? '', { path: before, body }, agent);
          const started = performance.now();
          const { status } = await post(cluster.urls[0] ?? '', { path, body }, agent);
          statuses.add(status);
          if (index >= WARM_UP) times[kind].push(performance.now() - started);
        }
      }
      expect([...statuses]).toHaveLength(1);
      const medians = Object.fromEntries(KINDS.map((kind) => [kind, median(times[kind])]));
      const slower = KINDS.slice(1).map(
        (kind) => `${kind} ${slowerShare(times[kind], times.unknown).toFixed(2)}`,
      );
      const formatted = Object.entries(medians).map(([kind, ms]) => `${kind} ${ms.toFixed(2)}`);
      process.stderr.write(
        `response times: ${flow} at cost ${cost}: median ms: ${formatted.join(', ')}; ` +
          `slower than unknown: ${slower.join(', ')}\n`,
      );
      const all = Object.values(medians);
      expect(Math.max(...all) - Math.min(...all)).toBeLessThanOrEqual(MAX_GAP_MS);
    },
    120_000,
  );

  /** Inserts what sign-up would, with a hash of the configured cost that no password matches. */
  async function populate(address: (kind: Kind, index: number) => string): Promise<void> {
    const hash = `$2b$${String(cost).padStart(2, '0')}$${'.'.repeat(53)}`;
    const all = (kind: Kind) => Array.from({ length: WARM_UP + samples }, (_, index) => address(kind, index));
    for (const kind of ['known', 'disabled'] as const)
      await cluster.sql(
        `insert into users (id, email, password_hash, disabled_at)
         select gen_random_uuid(), email, $2, case when $3 then now() end from unnest($1::text[]) as email`,
        [all(kind), hash, kind === 'disabled'],
      );
    await cluster.sql(
      `insert into registrations (email, password_hash, expires_at)
       select email, $2, now() + interval '1 hour' from unnest($1::text[]) as email`,
      [all('unproved'), hash],
    );
    await cluster.sql('vacuum analyze users, registrations');
  }
});

function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}

/** The share of pairs in which `values` is slower than `reference`: 0.5 if both are alike. */
function slowerShare(values: number[], reference: number[]): number {
  const slowerPairs = values.reduce((sum, a) => sum + reference.filter((b) => a > b).length, 0);
  return slowerPairs / (values.length * reference.length);
}
