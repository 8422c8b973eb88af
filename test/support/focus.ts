import type { Locator } from 'playwright-core';

/** Waits until the element has the focus. */
export function untilFocused(element: Locator): Promise<void> {
  return element.and(element.page().locator(':focus')).waitFor();
}
