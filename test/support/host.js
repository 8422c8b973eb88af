// Runs the built application in a separate process, without Jest's module loader, and answers
// questions from the test that started it. Only this process can reach the embedded database, the
// list of routes and the schema that the entities describe.
import { DataSource } from 'typeorm';
import { createApp } from '../../dist/server.js';
import { Config } from '../../dist/config/config.js';
import { statements } from '../../dist/database/sql.js';

const app = await createApp(Config.from(process.env));
/** Without the route of CORS for preflights, which has every path. */
const routes = new Set();
app
  .getHttpAdapter()
  .getInstance()
  .addHook('onRoute', ({ method, url }) =>
    [method].flat().forEach((name) => name !== 'OPTIONS' && routes.add(`${name} ${url}`)),
  );
await app.listen({ port: 0, host: '127.0.0.1' });

process.on('message', async (message) => {
  if (message === 'stop') {
    await app.close();
    process.exit(0);
  }
  const { id, text, values } = message;
  try {
    process.send({
      id,
      result: await (text ? app.get(DataSource).query(text, values) : inspect()),
    });
  } catch (error) {
    process.send({ id, error: error.message });
  }
});
async function inspect() {
  const { upQueries } = await app.get(DataSource).driver.createSchemaBuilder().log();
  return {
    pendingSchema: upQueries.map(({ query }) => query),
    routes: [...routes].sort(),
    statements: [...statements.values()],
  };
}

process.on('disconnect', () => process.exit(1));
process.send({ port: app.getHttpServer().address().port });
