import { TestApp } from '../support/app.js';

describe('files of the elements', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start({ CORS_ORIGINS: 'https://shop.example.com' });
  });
  afterAll(() => app?.stop());

  it.each(['/elements.js', '/proof-worker.js'])('serves %s to pages of every site', async (path) => {
    const { text, headers } = await app.get(path).set('origin', 'https://other.example').expect(200);
    expect(text.length).toBeGreaterThan(500);
    expect(headers).toMatchObject({
      'content-type': 'text/javascript; charset=utf-8',
      'access-control-allow-origin': '*',
      'cross-origin-resource-policy': 'cross-origin',
      'cache-control': 'public, max-age=300',
      'x-content-type-options': 'nosniff',
    });
    expect(headers).not.toHaveProperty('set-cookie');
  });

  it('lets pages of allowed origins read the time of the server', async () => {
    const { headers } = await app.get('/health').set('origin', 'https://shop.example.com').expect(200);
    expect(headers['access-control-expose-headers']).toMatch(/\bDate\b/);
  });
});
