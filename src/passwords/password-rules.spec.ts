import { quickly } from '../../test/support/quickly.js';
import { refusalReason, type PasswordOwner } from './password-rules.js';

const MIN = 8;
const ADA: PasswordOwner = {
  email: 'ada.lovelace@analytical-engine.co.uk',
  names: ['Ada', 'King-Noël', 'countess_ada', null, undefined],
};

const refusal = (password: string, owner: PasswordOwner = ADA, min = MIN) =>
  refusalReason(password, owner, min);

describe('length of a password', () => {
  it('accepts lengths from the configured minimum to 256 characters', () => {
    expect(refusal('xq7vbn2', ADA, 8)).toBe('must have at least 8 characters.');
    expect(refusal('xq7vbn2k', ADA, 8)).toBeNull();
    expect(refusal('velvet otters!', ADA, 15)).toBe('must have at least 15 characters.');
    expect(refusal('velvet otters!!', ADA, 15)).toBeNull();
    expect(refusal('ab'.repeat(128))).toBeNull();
    expect(refusal('ab'.repeat(128) + 'c')).toBe('must have at most 256 characters.');
  });

  it('counts an emoji and an accented letter as one character, composed or decomposed', () => {
    expect(refusal('😀'.repeat(7))).toMatch(/^must have at least/);
    expect(refusal('😀'.repeat(64))).toBeNull();
    expect(refusal('😀'.repeat(256))).toBeNull();
    expect(refusal('e\u0301'.repeat(7))).toMatch(/^must have at least/);
    expect(refusal('e\u0301'.repeat(256))).toBeNull();
  });

  it('is checked quickly, even for text that is slow to normalise', () => {
    const reason = quickly(200, () => refusal('\u0316\u0300'.repeat(50_000)));
    expect(reason).toBe('must have at most 256 characters.');
  });
});

it.each(['        ', '\t\n\u00a0\u2003    ', '\u200b'.repeat(8), '\0'.repeat(8)])(
  'rejects a blank password: %j',
  (password) => expect(refusal(password)).toBe('must not be blank.'),
);

describe('common passwords', () => {
  it.each([
    'password',
    'PASSWORD',
    'iloveyou',
    'password1234567',
    'Summer2024!',
    'trustno1!!!!',
    'Dragon - 2024',
    '1234567890123456',
    'Passw0rd 99',
  ])('rejects %s, with or without trailing digits and punctuation', (password) => {
    expect(refusal(password)).toMatch(/^is one of the most common passwords/);
  });

  it.each([
    'correct horse battery staple',
    'mydragonsleeps',
    'password of my sister',
    'qkfh vbnx',
    'nur kleine buchstaben',
    '日本の山はとても高い',
  ])('accepts %s, which only contains one or lacks digits and capitals', (password) => {
    expect(refusal(password)).toBeNull();
  });
});

describe("the owner's name or address", () => {
  it.each([
    'adalovelace',
    'ADALOVELACE1815',
    'Lovelace-Ada!',
    'ada.lovelace@analytical-engine.co.uk',
    'analytical-engine',
    'engine-ada-12',
    'King-Noe\u0308l',
    'noëlking7',
    'countess_ada',
    'ada2024ada!',
  ])('rejects a password made of it and a few more characters: %s', (password) => {
    expect(refusal(password)).toMatch(/^is made of your own name or address/);
  });

  it.each(['ada likes velvet', 'lovelace-xq7vbn', 'coukcouk', 'velvet otters'])(
    'accepts a password that only contains it: %s',
    (password) => expect(refusal(password)).toBeNull(),
  );

  it('ignores unknown names and names shorter than three letters', () => {
    expect(refusal('adalovelace', {})).toBeNull();
    expect(refusal('adalovelace', { email: null, names: [null, ''] })).toBeNull();
    expect(refusal('xiaoboxi', { email: 'xi@bo.io', names: ['Xi', 'Bo'] })).toBeNull();
  });
});
