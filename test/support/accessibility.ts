import axe from 'axe-core';
import type { Page } from 'playwright-core';

declare const document: { documentElement: { scrollWidth: number } };
declare const window: { axe: { run: (options: object) => Promise<AxeResults> } };

interface AxeResults {
  violations: { id: string; nodes: { html: string }[] }[];
}

/** What axe finds, and whether the page is wider than the screen, in both widths and colour schemes. */
export async function violations(page: Page): Promise<string[]> {
  const found: string[] = [];
  await page.evaluate(axe.source);
  for (const colorScheme of ['light', 'dark'] as const)
    for (const width of [360, 1280]) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await page.setViewportSize({ width, height: 800 });
      const { violations } = await page.evaluate(() =>
        window.axe.run({
          // Frames with mails run no script.
          iframes: false,
          runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
        }),
      );
      const where = `${colorScheme} ${width}`;
      for (const { id, nodes } of violations)
        found.push(...nodes.map(({ html }) => `${where} ${id}: ${html}`));
      const scrollWidth = await page.evaluate(() => document.documentElement.scrollWidth);
      if (scrollWidth > width) found.push(`${where}: the page is ${scrollWidth} pixels wide`);
    }
  return found;
}
