import { readIdempotencyKey } from './idempotency-key.js';

describe('Idempotency-Key', () => {
  it.each([
    ['8e03978e-40d5-43e8-bc93-6894a57f9324', '8e03978e-40d5-43e8-bc93-6894a57f9324'],
    ['"8e03978e-40d5-43e8-bc93-6894a57f9324"', '8e03978e-40d5-43e8-bc93-6894a57f9324'],
    ['order:4711/1+=', 'order:4711/1+='],
    ['"two words, and more; even"', 'two words, and more; even'],
    ['"a \\"quoted\\" \\\\ key"', 'a "quoted" \\ key'],
    ['x', 'x'],
    ['x'.repeat(255), 'x'.repeat(255)],
    [`"${'\\"'.repeat(255)}"`, '"'.repeat(255)],
  ])('reads %s', (header, key) => {
    expect(readIdempotencyKey(header)).toBe(key);
  });

  it.each([
    ['nothing', ''],
    ['an empty string', '""'],
    ['256 characters', 'x'.repeat(256)],
    ['256 quoted characters', `"${'x'.repeat(256)}"`],
    ['two keys', 'a, b'],
    ['two quoted keys', '"a", "b"'],
    ['parameters', '"a";b=1'],
    ['a blank', 'a b'],
    ['an open string', '"a'],
    ['a quote in a string', '"a"b"'],
    ['another escape', '"a\\n"'],
    ['a control character', '"a\u0007"'],
    ['an 8-bit control character', 'a\u0085'],
    ['a letter outside ASCII', 'ä'],
    ['a quoted letter outside ASCII', '"ä"'],
  ])('refuses %s', (_, header) => {
    expect(() => readIdempotencyKey(header)).toThrow(
      expect.objectContaining({ code: 'idempotency_key_invalid' }),
    );
  });
});
