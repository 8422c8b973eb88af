// Prints what only the inside of the built application knows: the statements that would make its schema agree with
// its entities, and its routes.
import { DataSource } from 'typeorm';
import { createApp } from '../../dist/app.setup.js';
import { Config } from '../../dist/config/config.js';

const app = await createApp(Config.from(process.env));
const routes = new Set();
app
  .getHttpAdapter()
  .getInstance()
  .addHook('onRoute', ({ method, url }) => [method].flat().forEach((name) => routes.add(`${name} ${url}`)));
await app.init();
const { upQueries } = await app.get(DataSource).driver.createSchemaBuilder().log();
process.stdout.write(
  JSON.stringify({ pendingSchema: upQueries.map(({ query }) => query), routes: [...routes].sort() }),
);
await app.close();
