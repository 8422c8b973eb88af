import { newId } from '../common/random.js';
import { Keyring } from '../common/keyring.js';
import { createUndoToken, readUndoToken } from './undo-token.js';

const keyring = new Keyring('one');
const id = newId();

describe('undo token', () => {
  it('names its contact change and is the same each time', () => {
    const token = createUndoToken(keyring, id);
    expect(readUndoToken(keyring, token)).toBe(id);
    expect(createUndoToken(keyring, id)).toBe(token);
  });

  it('is accepted under the previous APP_SECRET', () => {
    const token = createUndoToken(new Keyring('old'), id);
    expect(readUndoToken(new Keyring('new', 'old'), token)).toBe(id);
  });

  it.each([
    ['made under another secret', createUndoToken(new Keyring('two'), id)],
    [
      'of another change',
      createUndoToken(keyring, newId()).slice(0, 20) + createUndoToken(keyring, id).slice(20),
    ],
    ['cut', createUndoToken(keyring, id).slice(1)],
    ['padded', `${createUndoToken(keyring, id)}=`],
    ['empty', ''],
    ['text', "' or 1=1 --"],
  ])('is rejected when it is %s', (_, token) => {
    expect(readUndoToken(keyring, token)).toBeNull();
  });
});
