// The load generator, a process of its own: keep-alive connections with one request under way on each. Raw sockets, for it
// shares the processors with what it measures: a general client costs several times as much of them.
import { connect } from 'node:net';

/** An answer other than the expected one ends the pass: a fast error must not count. */
class WrongAnswer extends Error {}

async function run(plan) {
  const { port, method, path, headers = {}, body, values = [], takes, status, includes } = plan;
  const { connections, seconds, limit } = plan;
  const statusLine = `HTTP/1.1 ${status} `;
  const take = takes && new RegExp(`"${takes}":"([^"]+)"`);
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = `${method} ${path} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\n${lines.join('')}`;
  const latencies = [];
  let sent = 0;

  /** `{n}` is the number of the request, `{value}` the next of the values. */
  function request(n) {
    const fill = (text) => text.replace('{n}', n).replace('{value}', values[n % values.length]);
    if (body === undefined) return `${fill(head)}\r\n`;
    const content = fill(body);
    return `${fill(head)}content-type: application/json\r\ncontent-length: ${content.length}\r\n\r\n${content}`;
  }

  function check(text, n) {
    if (!text.startsWith(statusLine) || !text.includes(includes))
      throw new WrongAnswer(`${method} ${path}: expected ${status} with ${includes}, got:\n${text}`);
    if (take) values[n % values.length] = take.exec(text)[1];
  }

  function useConnection(deadline) {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true }).setEncoding('latin1');
      let text = '';
      let n;
      let since;
      const next = () => {
        since = performance.now();
        if (since >= deadline || sent >= limit) return socket.destroy();
        n = sent++;
        text = '';
        socket.write(request(n), 'latin1');
      };
      socket
        .on('connect', next)
        .on('data', (chunk) => {
          text += chunk;
          if (!isWhole(text)) return;
          latencies.push(performance.now() - since);
          try {
            check(text, n);
          } catch (error) {
            socket.destroy();
            return reject(error);
          }
          next();
        })
        .on('error', reject)
        .on('end', () => reject(new WrongAnswer(`${method} ${path}: the connection was closed`)))
        .on('close', resolve);
    });
  }

  const cpu = process.cpuUsage();
  const start = performance.now();
  await Promise.all(Array.from({ length: connections }, () => useConnection(start + seconds * 1000)));
  const elapsed = performance.now() - start;
  const { user, system } = process.cpuUsage(cpu);
  latencies.sort((a, b) => a - b);
  const percentile = (share) => latencies[Math.floor((latencies.length - 1) * share)];
  return {
    requests: latencies.length,
    perSecond: (latencies.length / elapsed) * 1000,
    p50: percentile(0.5),
    p99: percentile(0.99),
    elapsedMs: elapsed,
    loadMs: (user + system) / 1000,
  };
}

function isWhole(text) {
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) return false;
  const length = /\r\ncontent-length: (\d+)/i.exec(text);
  return length ? text.length >= end + 4 + Number(length[1]) : text.endsWith('\r\n0\r\n\r\n');
}

process.on('message', (plan) => {
  run(plan).then(
    (result) => process.send({ result }),
    (error) => process.send({ error: error.message }),
  );
});
process.on('disconnect', () => process.exit());
