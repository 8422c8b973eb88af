import { existsSync } from 'node:fs';
import { chromium, type Browser } from 'playwright-core';

const PATHS = [
  process.env.CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
];
const executablePath = PATHS.find((path) => path && existsSync(path));

/** Like `describe`. Without Chromium the tests are skipped, and their title says why. */
export function describeInBrowser(title: string, tests: () => void): void {
  if (executablePath) describe(title, tests);
  else
    describe.skip(`${title}: LEFT OUT, because Chromium is not installed (set CHROMIUM to its path)`, tests);
}

export function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath,
    args: [
      ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
      ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
    ],
  });
}
