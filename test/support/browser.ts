import { existsSync } from 'node:fs';
import { chromium, type Browser } from 'playwright-core';

const PATHS = [
  process.env.CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
];
const executablePath = PATHS.find((path) => path && existsSync(path));

/** Like `describe`. Without Chromium the tests are left out, and a line on the terminal says so. */
export function describeInBrowser(title: string, tests: () => void): void {
  if (executablePath) return describe(title, tests);
  process.stderr.write(`Browser tests LEFT OUT: ${title}. Install Chromium, or set CHROMIUM to its path.\n`);
  describe.skip(title, tests);
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
