import { entryHash, faultOf, type ChainedEntry } from './audit-chain.js';

const chained = (seq: number, previousHash: string | null): ChainedEntry => {
  const columns = [
    String(seq),
    'id',
    null,
    'user.read',
    null,
    '{}',
    '203.0.113.7',
    'Ünïcode',
    'at',
    previousHash,
  ];
  return { seq: String(seq), id: 'id', columns, previousHash, hash: entryHash(columns) };
};

describe('entryHash', () => {
  it.each([
    [
      ['ab', 'c'],
      ['a', 'bc'],
    ],
    [
      ['a', null],
      ['a', ''],
      ['a', '-'],
    ],
    [['1:a,-'], ['a', null]],
    [['ü'], ['u\u0308']],
  ])('differs between %j and %j', (...columns) => {
    const hashes = columns.map((each) => entryHash(each));
    expect(new Set(hashes).size).toBe(columns.length);
  });
});

describe('faultOf', () => {
  const first = chained(1, null);
  const second = chained(2, first.hash);

  it('accepts entries that follow each other', () => {
    expect(faultOf(first, 0, null)).toBeNull();
    expect(faultOf(second, 1, first.hash)).toBeNull();
  });

  it('finds a missing, a foreign and a changed entry', () => {
    expect(faultOf(second, 0, null)).toBe('it follows entry 0');
    expect(faultOf(chained(2, second.hash), 1, first.hash)).toBe(
      'it does not hold the hash of the entry before',
    );
    const columns = second.columns.with(6, null);
    expect(faultOf({ ...second, columns }, 1, first.hash)).toBe('its content does not match its hash');
  });
});
