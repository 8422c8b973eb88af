// Preloaded into every server: counts what it sends to PostgreSQL. It stays to the end: taking it out would make V8 throw away
// what it compiled of every function that calls it.
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
  if (message === 'count') process.send({ statements });
});
