// Preloaded into every server: counts what it sends to PostgreSQL, until it is told to stop at the end of the warm-up.
import { createRequire } from 'node:module';
import { resolve } from 'node:path';

/** The very module that the server uses. */
const { Client } = createRequire(resolve(process.argv[1]))('pg');
const { query } = Client.prototype;
let statements = 0;

Client.prototype.query = function (...parameters) {
  statements++;
  return query.apply(this, parameters);
};

process.on('message', (message) => {
  if (message === 'stop') Client.prototype.query = query;
  process.send({ statements });
});
