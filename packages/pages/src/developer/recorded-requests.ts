export interface Exchange {
  id: number;
  method: string;
  path: string;
  sent: string | null;
  /** Undefined while the page waits, null without a reply. */
  status: number | null | undefined;
  reply: string;
}

/** Calls the listener with each request of this page, when it begins and when its reply has come. */
export function recordRequests(serverUrl: string, listener: (exchange: Exchange) => void): void {
  const send = window.fetch.bind(window);
  let count = 0;
  window.fetch = async (input, init = {}) => {
    const path = urlOf(input).replace(serverUrl, '');
    const { method = 'GET', body } = init;
    const sent = typeof body === 'string' ? pretty(body) : null;
    const exchange = { id: ++count, method, path, sent, reply: '' };
    listener({ ...exchange, status: undefined });
    try {
      const response = await send(input, init);
      const { status, statusText, headers } = response;
      listener({ ...exchange, status });
      // A stream of events never ends.
      if (headers.get('content-type')?.startsWith('text/event-stream')) return response;
      // Not a clone, which would break when the element aborts a request whose reply it has read.
      const text = await response.text();
      listener({ ...exchange, status, reply: pretty(text) });
      return new Response(text || null, { status, statusText, headers });
    } catch (error) {
      listener({ ...exchange, status: null });
      throw error;
    }
  };
}

function urlOf(input: RequestInfo | URL): string {
  return typeof input === 'object' && 'url' in input ? input.url : String(input);
}

function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
