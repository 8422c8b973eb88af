import { Keyring } from '../common/keyring.js';
import { Config } from '../config/config.js';
import { Codes, type SendRequest } from './codes.js';
import type { Policy } from './purposes.js';

describe('Codes', () => {
  const codes = new Codes(new Keyring('a secret of at least thirty-two characters'), Config.from({}));
  const policy = { purpose: 'email_verification', codeLength: 4 } as Policy;
  const client = { ip: '192.0.2.1' };
  const request: SendRequest = { recipient: 'email:ada@example.com', policy, client };
  const allCodes = Array.from({ length: 10_000 }, (_, number) => String(number).padStart(4, '0'));

  /** Returns the codes that verify, of all possible ones. */
  function matchingCodes(sent: SendRequest, verified = sent): string[] {
    const { codeHash } = codes.newChallenge(sent, 'email', false);
    return allCodes.filter((code) =>
      codes.acceptedHashes(verified, code).some((hash) => hash.equals(codeHash)),
    );
  }

  it('accepts exactly one code', () => {
    expect(matchingCodes(request)).toHaveLength(1);
  });

  it('accepts no code for a decoy', () => {
    expect(matchingCodes({ ...request, decoy: true }, request)).toEqual([]);
    expect(matchingCodes({ ...request, decoy: true })).toEqual([]);
  });

  it('accepts a bound code only with the same binding', () => {
    const bound = { ...request, boundTo: '0197f3b2-7a55-7cc3-a1f0-4c2a3d9be001' };
    expect(matchingCodes(bound)).toHaveLength(1);
    expect(matchingCodes(bound, request)).toEqual([]);
    expect(matchingCodes(bound, { ...request, boundTo: '0197f3b2-7a55-7cc3-a1f0-4c2a3d9be002' })).toEqual([]);
    expect(matchingCodes(request, bound)).toEqual([]);
  });

  it('reads a link token for its own purpose only, and rejects a forged one', () => {
    let token = '';
    const link = (linkToken: string) => (token = linkToken);
    const { id } = codes.newChallenge({ ...request, lane: 'device:1', link }, 'email', false);
    expect(codes.readLink(token, 'email_verification')).toEqual({
      id,
      recipient: 'email:ada@example.com',
      lane: 'device:1',
    });
    expect(codes.readLink(token, 'password_reset')).toBeNull();
    const forged = token.replace(/(?<=^.{40})./, (char) => (char === 'A' ? 'Q' : 'A'));
    for (const invalid of [forged, token.slice(4), '', 'x'.repeat(200)])
      expect(codes.readLink(invalid, 'email_verification')).toBeNull();
  });
});
