import { randomInt } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { createChallenge, verifySolution, type Challenge, type Payload } from 'altcha-lib';
import { deriveKey } from 'altcha-lib/algorithms/pbkdf2';
import { z } from 'zod';
import { Keyring } from '../common/keyring.js';
import { Housekeeping } from '../database/housekeeping.js';
import type { Client } from '../http/client.js';
import { UsedProofRepository } from './used-proof.repository.js';

/** Base64 of a solved challenge has about 800 characters. */
export const MAX_PAYLOAD = 2_048;

const LIFE_SECONDS = 300;

/**
 * The client derives a key for the counters 0, 1, 2 … until it finds the one that the server chose,
 * so the longest search is twice the average. To skip hard challenges gains nothing, because each
 * counter is equally likely.
 *
 * Measured on one core of a server (AMD EPYC, Node 20, 0.55 ms per key), average and longest search:
 *
 * | level | keys on average | average | longest |
 * |---|---|---|---|
 * | 1 | 300 | 0.17 s | 0.33 s |
 * | 2 | 600 | 0.33 s | 0.66 s |
 * | 3 | 1,200 | 0.66 s | 1.3 s |
 * | 4 | 2,400 | 1.3 s | 2.6 s |
 *
 * One core of a cheap phone is about five times slower: 0.8 s on average for level 1 and 7 s for
 * level 4. The widget of `altcha` uses several cores. Creating a challenge costs the server 0.8 ms,
 * checking a solution 0.3 ms, whatever the level.
 */
const KEYS = 600;
const ITERATIONS = 2_000;
const ALGORITHM = 'PBKDF2/SHA-256';

/** Four levels: 1, 2, 4 and 8 times the work. */
const MAX_LEVEL = 4;

const PAYLOAD = z.object({
  challenge: z.object({
    parameters: z.object({
      algorithm: z.string(),
      cost: z.number(),
      data: z.object({ level: z.number() }),
      expiresAt: z.number(),
      keyLength: z.number(),
      keyPrefix: z.string(),
      keySignature: z.string(),
      nonce: z.string(),
      salt: z.string(),
    }),
    signature: z.string(),
  }),
  solution: z.object({ counter: z.number(), derivedKey: z.string() }),
});

/**
 * Proofs of work in the format of ALTCHA, version 2. The key of the signature is derived from subject
 * and network, so a challenge of another subject or network has an invalid signature.
 */
@Injectable()
export class ProofOfWork {
  /** Of the requests in progress: whether their payload was unused. */
  private readonly consumed = new WeakMap<Client, Promise<boolean>>();

  constructor(
    private readonly keyring: Keyring,
    private readonly used: UsedProofRepository,
    housekeeping: Housekeeping,
  ) {
    housekeeping.addRemoval('used proofs of work', (limit) => used.removeExpired(limit));
  }

  /** A signed challenge, valid for five minutes. Levels above 4 count as 4. */
  createChallenge(subject: string, network: string, level: number): Promise<Challenge> {
    const effective = Math.min(level, MAX_LEVEL);
    return createChallenge({
      algorithm: ALGORITHM,
      cost: ITERATIONS,
      counter: randomInt(KEYS * 2 ** (effective - 1)),
      data: { level: effective },
      deriveKey,
      expiresAt: Math.floor(Date.now() / 1_000) + LIFE_SECONDS,
      hmacSignatureSecret: this.keyring.mac(...signatureParts(subject, network)).toString('hex'),
      hmacKeySignatureSecret: this.keyring.mac(...solutionParts(subject, network)).toString('hex'),
    });
  }

  /**
   * The level of the proof that a request presents, which is then used up; 0 if it presents none for
   * this subject and network. One proof serves everything that its request does, such as the messages
   * to two new addresses of one account.
   */
  async accept(client: Client, subject: string, network: string): Promise<number> {
    const payload = client.proofOfWork;
    if (payload === undefined) return 0;
    const level = await this.levelOf(payload, subject, network);
    if (level === null) return 0;
    const consumed = this.consumed.get(client) ?? this.consume(payload);
    this.consumed.set(client, consumed);
    return (await consumed) ? level : 0;
  }

  /**
   * The level of a solved and unexpired challenge for this subject and network; else null. Uses no
   * database, so it does not tell whether the payload was used before.
   */
  async levelOf(payload: string, subject: string, network: string): Promise<number | null> {
    const read = readPayload(payload);
    if (!read) return null;
    const solutionMacs = this.keyring.acceptedMacs(...solutionParts(subject, network));
    for (const [index, mac] of this.keyring.acceptedMacs(...signatureParts(subject, network)).entries()) {
      const { verified } = await verifySolution({
        ...read,
        deriveKey,
        hmacSignatureSecret: mac.toString('hex'),
        hmacKeySignatureSecret: solutionMacs[index]?.toString('hex'),
      });
      if (verified) return read.challenge.parameters.data.level;
    }
    return null;
  }

  /** Uses up a payload that `levelOf` accepted. Returns false if any process has used it before. */
  async consume(payload: string): Promise<boolean> {
    const read = readPayload(payload);
    if (!read) return false;
    // The signature, because one solution can be written in many ways.
    const { parameters, signature } = read.challenge;
    return this.used.add(Buffer.from(signature, 'hex'), parameters.expiresAt);
  }
}

function signatureParts(subject: string, network: string): string[] {
  return ['proof of work', subject, network];
}

function solutionParts(subject: string, network: string): string[] {
  return ['proof of work solution', subject, network];
}

function readPayload(payload: string): z.infer<typeof PAYLOAD> | null {
  if (payload.length > MAX_PAYLOAD) return null;
  try {
    const json = JSON.parse(Buffer.from(payload, 'base64').toString('utf8')) as Payload;
    return PAYLOAD.safeParse(json).data ?? null;
  } catch {
    return null;
  }
}
