import { readFile } from 'node:fs/promises';
import type { FastifyInstance } from 'fastify';
import { StartError } from '../common/start-error.js';

/** Built by `packages/elements`. */
const DIST = new URL('../../packages/elements/dist/', import.meta.url);
const FILES = ['elements.js', 'proof-worker.js'];

/**
 * Serves the web components to pages of any site. The names of the files stay the same, so browsers
 * keep them for a short time only.
 */
export async function serveElements(fastify: FastifyInstance): Promise<void> {
  for (const name of FILES) {
    const script = await readFile(new URL(name, DIST)).catch(() => {
      throw new StartError('The elements are not built. Run: pnpm build');
    });
    void fastify.register((scope, _options, done) => {
      scope.get(`/${name}`, (_request, reply) =>
        reply
          .type('text/javascript; charset=utf-8')
          .headers({
            'access-control-allow-origin': '*',
            'cross-origin-resource-policy': 'cross-origin',
            'cache-control': 'public, max-age=300',
          })
          .send(script),
      );
      done();
    });
  }
}
