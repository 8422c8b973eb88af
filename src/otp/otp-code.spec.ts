import { createHash } from 'node:crypto';
import { contextDigest, generateCode } from './otp-code.js';

/** A random chi-square value with 9 degrees of freedom exceeds this once in a million runs. */
const CHI_SQUARE_9 = 45.1;

describe('generateCode', () => {
  it('draws every digit equally often at every position and keeps leading zeros', () => {
    const count = 100_000;
    const codes = Array.from({ length: count }, () => generateCode(6));
    expect(codes.every((code) => /^[0-9]{6}$/.test(code))).toBe(true);

    for (let position = 0; position < 6; position++) {
      const frequencies = new Array<number>(10).fill(0);
      for (const code of codes) frequencies[Number(code[position])]! += 1;
      const chiSquare = frequencies.reduce((sum, n) => sum + (n - count / 10) ** 2 / (count / 10), 0);
      expect(chiSquare).toBeLessThan(CHI_SQUARE_9);
    }
    // 100,000 draws from a million codes are expected to give about 95,160 different ones.
    expect(new Set(codes).size).toBeGreaterThan(94_500);
  });

  it('returns the requested number of digits', () => {
    for (let length = 4; length <= 10; length++)
      for (let i = 0; i < 100; i++) expect(generateCode(length)).toMatch(new RegExp(`^[0-9]{${length}}$`));
  });
});

describe('contextDigest', () => {
  const context = { amount: '39.99 EUR', payee: 'Acme' };

  it('is the SHA-256 of the canonical JSON (RFC 8785)', () => {
    const canonical = '{"amount":"39.99 EUR","payee":"Acme"}';
    expect(contextDigest(context)).toBe(createHash('sha256').update(canonical).digest('base64url'));
  });

  it('does not depend on the order of names', () => {
    expect(contextDigest({ payee: 'Acme', amount: '39.99 EUR' })).toBe(contextDigest(context));
    expect(contextDigest({ b: '1', B: '2', a_: '3', aa: '4' })).toBe(
      contextDigest({ aa: '4', a_: '3', b: '1', B: '2' }),
    );
  });

  it.each([
    { amount: '40.00 EUR', payee: 'Acme' },
    { amount: '39.990 EUR', payee: 'Acme' },
    { amount: '39.99 USD', payee: 'Acme' },
    { amount: '39.99 eur', payee: 'Acme' },
    { amount: '39.99  EUR', payee: 'Acme' },
    { amount: '39.99 EUR', payee: 'Acme ' },
    { amount: '39.99 EUR', payee: 'Ac\u0301me' },
    { amount: 'Acme', payee: '39.99 EUR' },
    { amount: '39.99 EUR', Payee: 'Acme' },
    { amount: '39.99 EUR' },
    { amount: '39.99 EUR', payee: 'Acme', note: '' },
    { 'amount":"39.99 EUR","payee': 'Acme' },
  ])('differs for the changed context %j', (changed) => {
    expect(contextDigest(changed as unknown as Record<string, string>)).not.toBe(contextDigest(context));
  });
});
