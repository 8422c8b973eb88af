import { readFileSync } from 'node:fs';

/** The tests that docs/threat-model.md cites: file and title. */
const cited = [
  ...readFileSync('docs/threat-model.md', 'utf8').matchAll(
    /`((?:src|test)\/[\w./-]+\.spec\.ts)`: (.+?)(?=<br>| +\||$)/gm,
  ),
].map(([, file = '', title = '']) => [file, title.trim()] as const);

/** Titles may be quoted in any way and broken over lines. */
const normalised = (text: string) =>
  text
    .replace(/['"`]\s*\+\s*['"`]/g, '')
    .replace(/\\(?=['"`|])/g, '')
    .replace(/\s+/g, ' ');

describe('docs/threat-model.md', () => {
  it('cites tests', () => expect(cited.length).toBeGreaterThan(100));

  it.each(cited)('cites a test that exists: %s: %s', (file, title) => {
    // A row of a table of inputs is cited by its label in parentheses.
    const [, template = title, label = ''] = /^(.*%s.*) \((.+)\)$/.exec(title) ?? [];
    const source = normalised(readFileSync(file, 'utf8'));
    expect(source).toContain(normalised(template));
    expect(source).toContain(label);
  });
});
