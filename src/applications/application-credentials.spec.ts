import { sha256 } from '../common/digest.js';
import {
  acceptsSecret,
  isApplicationId,
  newApplicationId,
  newSecret,
  readCredentials,
} from './application-credentials.js';

const ID = `app_${'a'.repeat(31)}`;
const base64 = (text: string) => Buffer.from(text).toString('base64');

describe('credentials of an application', () => {
  it('has ids that are valid, different and in the order of their creation', () => {
    const ids = Array.from({ length: 100 }, newApplicationId);
    expect(ids.every(isApplicationId)).toBe(true);
    expect(new Set(ids).size).toBe(100);
    const times = ids.map((id) => id.slice(0, 13));
    expect(times).toEqual(times.toSorted());
  });

  it('has secrets of 256 bits', () => {
    expect(newSecret()).toMatch(/^app_secret_[\w-]{43}$/);
    expect(newSecret()).not.toBe(newSecret());
  });

  it.each([`Basic ${base64(`${ID}:s`)}`, `basic  ${base64(`${ID}:s`)} `, `BASIC ${base64(`${ID}:s`)}`])(
    'reads HTTP Basic: %s',
    (authorization) => {
      expect(readCredentials({ authorization })).toEqual({ id: ID, secret: 's' });
    },
  );

  it('reads a secret with colons, and an empty one', () => {
    for (const secret of ['a:b:c', ''])
      expect(readCredentials({ authorization: `Basic ${base64(`${ID}:${secret}`)}` })).toEqual({
        id: ID,
        secret,
      });
  });

  it.each([
    undefined,
    '',
    'Basic',
    `Bearer ${base64(`${ID}:s`)}`,
    `Basic ${base64('ada:secret')}`,
    `Basic ${base64(ID)}`,
    `Basic ${base64(`:${ID}`)}`,
    'Basic ???',
  ])('ignores a header that belongs to something else: %s', (authorization) => {
    expect(readCredentials({ authorization })).toBeNull();
    expect(readCredentials({ authorization, 'x-application-id': ID })).toEqual({ id: ID });
  });

  it('prefers HTTP Basic', () => {
    const authorization = `Basic ${base64(`${ID}:s`)}`;
    expect(readCredentials({ authorization, 'x-application-id': 'other' })).toEqual({ id: ID, secret: 's' });
  });

  it('accepts the current and the previous secret only', () => {
    const hashes = { secretHash: sha256('new'), previousSecretHash: sha256('old') };
    for (const secret of ['new', 'old']) expect(acceptsSecret(hashes, secret)).toBe(true);
    for (const secret of ['', 'ne', 'newer', 'NEW']) expect(acceptsSecret(hashes, secret)).toBe(false);
    expect(acceptsSecret({ ...hashes, previousSecretHash: null }, 'old')).toBe(false);
    expect(acceptsSecret({ secretHash: null, previousSecretHash: null }, '')).toBe(false);
  });
});
