// Sends requests over many connections without a pause, and reports a tally of the answers. It runs
// in a separate process so that its load does not distort the measurements of the test.
import { Agent, request } from 'node:http';

process.once('message', async ({ url, path, bodies, connections, seconds, honoursRetryAfter }) => {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const end = performance.now() + seconds * 1000;
  const answers = {};
  const errors = [];
  let sent = 0;

  const send = (body) =>
    new Promise((resolve, reject) => {
      // A random source address for each request, because limits count per network.
      const sourceAddress = [203, ...Array.from({ length: 3 }, () => Math.floor(Math.random() * 256))].join(
        '.',
      );
      const headers = {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
        'x-forwarded-for': sourceAddress,
      };
      request(url + path, { method: 'POST', agent, headers }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk) => (text += chunk));
        response.on('error', reject).on('end', () => resolve({ response, text }));
      })
        .on('error', reject)
        .end(body);
    });

  const client = async () => {
    while (performance.now() < end) {
      const { response, text } = await send(bodies[sent++ % bodies.length]);
      const { statusCode: status, headers } = response;
      const wait = headers['retry-after'];
      const code = status < 400 ? '' : ` ${JSON.parse(text).code}`;
      const answer = `${status}${code}${wait === undefined ? '' : `, retry after ${wait}`}`;
      answers[answer] = (answers[answer] ?? 0) + 1;
      if (wait && honoursRetryAfter) await new Promise((resolve) => setTimeout(resolve, wait * 1000));
    }
  };
  await Promise.all(Array.from({ length: connections }, client)).catch((error) => errors.push(error.message));
  agent.destroy();
  process.send({ answers, errors }, () => process.exit(0));
});
