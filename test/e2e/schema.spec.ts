import { inspect } from '../support/inspect.js';

it('gives by its migrations the schema that the entities describe', async () => {
  expect((await inspect()).pendingSchema).toEqual([]);
});
