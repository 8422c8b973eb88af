// Local Postmark and Twilio that accept every message at once and remember the codes. `VendorStub`
// can also fail; this one costs little enough to stand beside a server under load.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';

export async function startAcceptingVendors() {
  /** The newest code of each address, until a caller takes it. */
  const codes = new Map();
  let accepted = 0;

  const server = createServer(async (request, response) => {
    const body = await text(request);
    const isMail = request.url === '/email';
    const fields = isMail ? JSON.parse(body) : Object.fromEntries(new URLSearchParams(body));
    const code = /\b\d{6}\b/.exec(isMail ? fields.TextBody : fields.Body)?.[0];
    if (code) codes.set(fields.To, code);
    const id = String(++accepted);
    const answer = isMail
      ? { ErrorCode: 0, Message: 'OK', MessageID: id, To: fields.To }
      : { sid: `SM${id}` };
    response
      .writeHead(isMail ? 200 : 201, { 'content-type': 'application/json' })
      .end(JSON.stringify(answer));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const url = `http://127.0.0.1:${server.address().port}`;
  return {
    /** Production settings that send through these vendors. */
    settings: {
      NODE_ENV: 'production',
      PHONE_SPEND_PER_HOUR: '1000000',
      PHONE_SPEND_PER_DAY: '1000000',
      FRAUD_MODE: 'observe',
      HOST: '127.0.0.1',
      IP_RATE_LIMIT: '0',
      ACCEPT_RISKS: 'no-ip-limit',
      PUBLIC_URL: 'https://bench.example.com',
      APP_SECRET: 'bench-7f3k9w2m5x8q1v4b6n0z-only-for-this-run',
      SMS_ALLOWED_COUNTRIES: '*',
      MAIL_PROVIDER: 'postmark',
      MAIL_FROM: 'bench@bench.test',
      POSTMARK_SERVER_TOKEN: 'none',
      POSTMARK_API_URL: url,
      SMS_PROVIDER: 'twilio',
      TWILIO_ACCOUNT_SID: 'AC00000000000000000000000000000000',
      TWILIO_AUTH_TOKEN: 'none',
      TWILIO_FROM: '+15005550006',
      TWILIO_API_URL: url,
    },
    /** Waits for the code sent to an address and removes it. */
    async takeCode(address) {
      for (let tries = 0; tries < 500; tries++) {
        const code = codes.get(address);
        if (codes.delete(address)) return code;
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      throw new Error(`no code was sent to ${address}`);
    },
    stop: () => server.close().closeAllConnections(),
  };
}
