// Runs the built application in a process of its own, loaded by Node itself, and answers SQL of the test that started
// it: the embedded database has no other way in.
import { DataSource } from 'typeorm';
import { createApp } from '../../dist/app.setup.js';
import { Config } from '../../dist/config/config.js';

const app = await createApp(Config.from(process.env));
await app.listen({ port: 0, host: '127.0.0.1' });

process.on('message', async (message) => {
  if (message === 'stop') {
    await app.close();
    process.exit(0);
  }
  const { id, text, values } = message;
  try {
    const rows = await app.get(DataSource).query(text, values);
    process.send({ id, rows });
  } catch (error) {
    process.send({ id, error: error.message });
  }
});
process.on('disconnect', () => process.exit(1));
process.send({ port: app.getHttpServer().address().port });
