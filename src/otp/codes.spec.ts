import { Keyring } from '../common/keyring.js';
import { Config } from '../config/config.js';
import { Codes, type SendRequest } from './codes.js';
import type { Policy } from './purposes.js';

describe('Codes', () => {
  const codes = new Codes(new Keyring('a secret of at least thirty-two characters'), Config.from({}));
  const policy = { purpose: 'email_verification', codeLength: 4 } as Policy;
  const request: SendRequest = { recipient: 'email:ada@example.com', policy };
  const all = Array.from({ length: 10_000 }, (_, number) => String(number).padStart(4, '0'));

  /** The codes that would be right. */
  function right(sent: SendRequest, verified = sent): string[] {
    const { codeHash } = codes.draft(sent, 'email', false);
    return all.filter((code) => codes.acceptedHashes(verified, code).some((hash) => hash.equals(codeHash)));
  }

  it('make one code right', () => {
    expect(right(request)).toHaveLength(1);
  });

  it('make none right for a decoy (E5)', () => {
    expect(right({ ...request, decoy: true }, request)).toEqual([]);
    expect(right({ ...request, decoy: true })).toEqual([]);
  });

  it('make none right for somebody else than it is bound to', () => {
    const bound = { ...request, boundTo: '0197f3b2-7a55-7cc3-a1f0-4c2a3d9be001' };
    expect(right(bound)).toHaveLength(1);
    expect(right(bound, request)).toEqual([]);
    expect(right(bound, { ...request, boundTo: '0197f3b2-7a55-7cc3-a1f0-4c2a3d9be002' })).toEqual([]);
    expect(right(request, bound)).toEqual([]);
  });

  it('read the link of their own purpose only, and no forged one', () => {
    let token = '';
    const link = (made: string) => (token = made);
    const { id } = codes.draft({ ...request, link }, 'email', false);
    expect(codes.readLink(token, 'email_verification')).toEqual({ id, recipient: 'email:ada@example.com' });
    expect(codes.readLink(token, 'password_reset')).toBeNull();
    const forged = token.replace(/(?<=^.{40})./, (one) => (one === 'A' ? 'Q' : 'A'));
    for (const other of [forged, token.slice(4), '', 'x'.repeat(200)])
      expect(codes.readLink(other, 'email_verification')).toBeNull();
  });
});
