// Runs once after all tests.
import { rmSync } from 'node:fs';

export default function clean() {
  const folder = process.env.TEST_EMBEDDED_TEMPLATE;
  if (folder) rmSync(folder, { recursive: true, force: true });
}
