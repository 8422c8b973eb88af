/** Counts the statements that a server sends. `pg` must be the same module that the server uses. */
export function countStatements({ Client }) {
  const { query } = Client.prototype;
  let statements = 0;

  Client.prototype.query = function (...parameters) {
    statements++;
    return query.apply(this, parameters);
  };

  process.on('message', (message) => {
    if (message === 'count') process.send({ statements });
  });
}
