import type { components } from './openapi.js';
import type { Http } from './http.js';
import { Problem } from './problem.js';

export type ChallengeStatus = components['schemas']['ChallengeStatus'];

const PAUSE_MS = 2_000;

/**
 * Calls `listener` with the status of a challenge, now and after each change, until the code is
 * approved, expired or exhausted, or replaced by a newer one. Follows the server's events. Where no
 * stream can be opened it asks again every few seconds.
 */
export async function follow(
  http: Http,
  id: string,
  listener: (status: ChallengeStatus) => void,
  signal: AbortSignal,
): Promise<void> {
  let last: string | undefined;
  let status: ChallengeStatus | undefined;
  const show = (text: string) => {
    status = JSON.parse(text) as ChallengeStatus;
    const isNew = text !== last;
    last = text;
    if (isNew && !signal.aborted) listener(status);
  };
  const path = `/otp/challenges/${id}`;
  while (!signal.aborted && (!status || status.status === 'pending')) {
    let pause = PAUSE_MS;
    try {
      const headers = { accept: 'text/event-stream', ...(status && { 'last-event-id': status.status }) };
      const response = await http.send('GET', `${path}/events`, { headers, signal, timeout: 0 });
      if (response.body) await readEvents(response.body, show);
      // React Native has no streams.
      else show(await (await http.send('GET', path, { signal })).text());
    } catch (error) {
      if (error instanceof Problem && error.code === 'challenge_not_found') return;
      pause = ((error instanceof Problem && error.retryAfter) || 0) * 1_000 || PAUSE_MS;
      // Too many streams are open, or a proxy does not let them through.
      if (!signal.aborted)
        await http
          .send('GET', path, { signal })
          .then((response) => response.text())
          .then(show)
          .catch(() => undefined);
    }
    if (status?.status === 'pending' || !status) await sleep(pause, signal);
  }
}

async function readEvents(body: ReadableStream<Uint8Array>, show: (data: string) => void): Promise<void> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    text += decoder.decode(value, { stream: true });
    const events = text.split('\n\n');
    text = events.pop() ?? '';
    for (const event of events) {
      const data = /^data: (.*)$/m.exec(event)?.[1];
      if (data) show(data);
    }
  }
}

function sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    signal.addEventListener('abort', end);
  });
}
