// The load generator, a separate process: keep-alive connections with one request in flight on
// each. It uses raw sockets because it shares the processors with the server under measurement, and
// a general HTTP client needs several times the processor time.
import { connect } from 'node:net';

/** An unexpected answer ends the measurement: a fast error must not count as a fast answer. */
class UnexpectedAnswer extends Error {}

async function run(plan) {
  const { port, method, path, headers = {}, body, values = [], replaceValueWith } = plan;
  const { status, includes, connections, seconds, limit } = plan;
  const statusLine = `HTTP/1.1 ${status} `;
  const newValue = replaceValueWith && new RegExp(`"${replaceValueWith}":"([^"]+)"`);
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = `${method} ${path} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\n${lines.join('')}`;
  const latencies = [];
  let sent = 0;

  /** `{n}` becomes the number of the request, `{value}` one of the values in turn. */
  function request(n) {
    const fill = (text) => text.replace('{n}', n).replace('{value}', values[n % values.length]);
    if (body === undefined) return `${fill(head)}\r\n`;
    const content = fill(body);
    return `${fill(head)}content-type: application/json\r\ncontent-length: ${content.length}\r\n\r\n${content}`;
  }

  function check(text, n) {
    if (!text.startsWith(statusLine) || !text.includes(includes))
      throw new UnexpectedAnswer(`${method} ${path}: expected ${status} with ${includes}, got:\n${text}`);
    if (newValue) values[n % values.length] = newValue.exec(text)[1];
  }

  function useConnection(deadline) {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true }).setEncoding('latin1');
      let text = '';
      let n;
      let sentAt;
      const sendNext = () => {
        sentAt = performance.now();
        if (sentAt >= deadline || sent >= limit) return socket.destroy();
        n = sent++;
        text = '';
        socket.write(request(n), 'latin1');
      };
      socket
        .on('connect', sendNext)
        .on('data', (chunk) => {
          text += chunk;
          if (!isComplete(text)) return;
          latencies.push(performance.now() - sentAt);
          try {
            check(text, n);
          } catch (error) {
            socket.destroy();
            return reject(error);
          }
          sendNext();
        })
        .on('error', reject)
        .on('end', () => reject(new UnexpectedAnswer(`${method} ${path}: the connection was closed`)))
        .on('close', resolve);
    });
  }

  const cpu = process.cpuUsage();
  const start = performance.now();
  const deadline = start + seconds * 1000;
  await Promise.all(Array.from({ length: connections }, () => useConnection(deadline)));
  const elapsed = performance.now() - start;
  const { user, system } = process.cpuUsage(cpu);
  latencies.sort((a, b) => a - b);
  const percentile = (rank) => latencies[Math.floor((latencies.length - 1) * rank)];
  return {
    requests: latencies.length,
    perSecond: (latencies.length / elapsed) * 1000,
    p50: percentile(0.5),
    p99: percentile(0.99),
    elapsedMs: elapsed,
    loadMs: (user + system) / 1000,
  };
}

function isComplete(text) {
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
