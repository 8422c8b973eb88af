import { SCENARIOS } from '../support/fraud/scenarios.js';
import { Simulation } from '../support/fraud/simulation.js';

/** The short form of most scenarios of `pnpm bench:fraud`. */
describe('fraud, over two processes', () => {
  let simulation: Simulation;
  beforeAll(async () => {
    simulation = await Simulation.start();
  });
  afterAll(() => simulation?.stop());
  beforeEach(() => simulation.reset());

  it.each(SCENARIOS.filter(({ isOnlyInBench }) => !isOnlyInBench))(
    'keeps within every bar: $title',
    async ({ name, run }) => {
      const start = performance.now();
      const { bars, ...result } = await run(simulation, false);
      const seconds = Math.round((performance.now() - start) / 1_000);
      process.stderr.write(`${name}: ${JSON.stringify({ ...result, bars, seconds })}\n`);
      expect(bars.filter(({ measured, atMost }) => !(measured <= atMost))).toEqual([]);
    },
  );
});
