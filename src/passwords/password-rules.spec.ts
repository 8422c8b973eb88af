import { quickly } from '../../test/support/quickly.js';
import { refusalReason, type PasswordOwner } from './password-rules.js';

const MIN = 8;
const ADA: PasswordOwner = {
  email: 'ada.lovelace@analytical-engine.co.uk',
  names: ['Ada', 'King-Noël', 'countess_ada', null, undefined],
};

const refusal = (password: string, owner: PasswordOwner = ADA, min = MIN) =>
  refusalReason(password, owner, min);

describe('the length of a password', () => {
  it('is what the configuration asks for, up to 256 characters (N13)', () => {
    expect(refusal('xq7vbn2', ADA, 8)).toBe('must have at least 8 characters.');
    expect(refusal('xq7vbn2k', ADA, 8)).toBeNull();
    expect(refusal('velvet otters!', ADA, 15)).toBe('must have at least 15 characters.');
    expect(refusal('velvet otters!!', ADA, 15)).toBeNull();
    expect(refusal('ab'.repeat(128))).toBeNull();
    expect(refusal('ab'.repeat(128) + 'c')).toBe('must have at most 256 characters.');
  });

  it('counts what people see as one character once, however it was typed (N13, K3)', () => {
    expect(refusal('😀'.repeat(7))).toMatch(/^must have at least/);
    expect(refusal('😀'.repeat(64))).toBeNull();
    expect(refusal('😀'.repeat(256))).toBeNull();
    expect(refusal('e\u0301'.repeat(7))).toMatch(/^must have at least/);
    expect(refusal('e\u0301'.repeat(256))).toBeNull();
  });

  it('is judged quickly, even of text that is slow to normalise (I5)', () => {
    const judged = quickly(200, () => refusal('\u0316\u0300'.repeat(50_000)));
    expect(judged).toBe('must have at most 256 characters.');
  });
});

it.each(['        ', '\t\n\u00a0\u2003    ', '\u200b'.repeat(8), '\0'.repeat(8)])(
  'a password of blanks only is refused: %j',
  (password) => expect(refusal(password)).toBe('must not be blank.'),
);

describe('a common password', () => {
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
  ])('is refused, also with digits and punctuation after it: %s (V2)', (password) => {
    expect(refusal(password)).toMatch(/^is one of the most common ones/);
  });

  it.each([
    'correct horse battery staple',
    'mydragonsleeps',
    'password of my sister',
    'qkfh vbnx',
    'nur kleine buchstaben',
    '日本の山はとても高い',
  ])('is none that merely holds one, or lacks digits or capitals: %s (V2)', (password) => {
    expect(refusal(password)).toBeNull();
  });
});

describe('the own name', () => {
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
  ])('is no password, nor with a little more: %s', (password) => {
    expect(refusal(password)).toMatch(/^is made of your own name or address/);
  });

  it.each(['ada likes velvet', 'lovelace-xq7vbn', 'coukcouk', 'velvet otters'])(
    'may be part of one: %s',
    (password) => expect(refusal(password)).toBeNull(),
  );

  it('is looked for only where it is known and has three letters', () => {
    expect(refusal('adalovelace', {})).toBeNull();
    expect(refusal('adalovelace', { email: null, names: [null, ''] })).toBeNull();
    expect(refusal('xiaoboxi', { email: 'xi@bo.io', names: ['Xi', 'Bo'] })).toBeNull();
  });
});
