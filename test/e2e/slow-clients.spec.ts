import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { TestApp } from '../support/app.js';

describe('clients that never finish a request', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  });
  afterAll(() => app?.stop());

  it('returns 408, closes their connections and serves other clients meanwhile', async () => {
    const { hostname, port } = new URL(app.url);
    const replies = [
      'POST /otp/verify HTTP/1.1\r\nhost: a\r\n',
      'POST /otp/verify HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 50\r\n\r\n{',
    ].map((partialRequest) => {
      const socket = connect(Number(port), hostname);
      socket.write(partialRequest);
      return text(socket);
    });
    await app.get('/health').expect(200);
    for (const reply of await Promise.all(replies)) {
      expect(reply).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n/);
      expect(reply).toContain('"code":"request_timeout"');
    }
  });
});
