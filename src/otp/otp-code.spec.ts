import { createHash } from 'node:crypto';
import { contextDigest, generateCode } from './otp-code.js';

/** Chi-square with 9 degrees of freedom is above it once in a million, so that no honest run fails. */
const CHI_SQUARE_9 = 45.1;

describe('a code', () => {
  it('has each digit equally often at each position, leading zeros kept, over 100,000 (N1)', () => {
    const count = 100_000;
    const codes = Array.from({ length: count }, () => generateCode(6));
    expect(codes.every((code) => /^[0-9]{6}$/.test(code))).toBe(true);

    for (let position = 0; position < 6; position++) {
      const seen = new Array<number>(10).fill(0);
      for (const code of codes) seen[Number(code[position])]! += 1;
      const chiSquare = seen.reduce((sum, n) => sum + (n - count / 10) ** 2 / (count / 10), 0);
      expect(chiSquare).toBeLessThan(CHI_SQUARE_9);
    }
    // Of a million possible codes 100,000 draws meet about 95,160.
    expect(new Set(codes).size).toBeGreaterThan(94_500);
  });

  it('has the length asked for (N1)', () => {
    for (let length = 4; length <= 10; length++)
      for (let i = 0; i < 100; i++) expect(generateCode(length)).toMatch(new RegExp(`^[0-9]{${length}}$`));
  });
});

describe('the digest of a context', () => {
  const context = { amount: '39.99 EUR', payee: 'Acme' };

  it('is SHA-256 over the canonical JSON (RFC 8785), as anybody can compute it', () => {
    const canonical = '{"amount":"39.99 EUR","payee":"Acme"}';
    expect(contextDigest(context)).toBe(createHash('sha256').update(canonical).digest('base64url'));
  });

  it('does not depend on the order of names (RF17)', () => {
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
  ])('changes with any change: %j (RF17)', (changed) => {
    expect(contextDigest(changed as unknown as Record<string, string>)).not.toBe(contextDigest(context));
  });
});
