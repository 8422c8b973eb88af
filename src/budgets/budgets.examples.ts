import { BudgetError } from './budgets.errors.js';

/** The error that asks for a proof of work, with a challenge as `altcha` solves it. */
export const PROOF_OF_WORK_REQUIRED = BudgetError.proofOfWorkRequired({
  parameters: {
    algorithm: 'PBKDF2/SHA-256',
    cost: 2_000,
    data: { level: 1 },
    expiresAt: 1_795_859_700,
    keyLength: 32,
    keyPrefix: '5d2f0c1e8a4b7396d1c05e7f2a8b3c64',
    keySignature: '7c1f4e0b9a3d52886e1b0c47d95f2a3e6b8d0f174c2a9e5b3d7f16084a9c2e5b',
    nonce: '8f14e45fceea167a5a36dedd4bea2543',
    salt: 'c9f0f895fb98ab9159f51fd0297e236d',
  },
  signature: '45c48cce2e2d7fbdea1afc51c7c6ad26d3d9446cfb0c4b1a3d7f52ce0c9d2a11',
});

/** Errors of every route that sends a code. */
export const SEND_PROBLEMS = [
  PROOF_OF_WORK_REQUIRED,
  BudgetError.recipientLimit(3_600),
  BudgetError.networkLimit(600),
  BudgetError.phoneLimit(600),
];

/** Errors of every route that takes a password. */
export const PASSWORD_PROBLEMS = [PROOF_OF_WORK_REQUIRED, BudgetError.passwordGuessLimit(3_600)];
