export { createClient, type Client, type ClientOptions, type SignInResult } from './client.js';
export type { Address, Challenge, RequestOptions } from './client.js';
export { Problem, type ProblemCode } from './problem.js';
export { memoryStorage, type TokenStorage } from './storage.js';
export type { Api, ApiMethod, ApiReply, PathsWith } from './api.js';
export type { ChallengeStatus } from './delivery.js';
export type { ProofOfWorkProgress } from './proof-of-work.js';
export type { User } from './session.js';
export type { components, operations, paths } from './openapi.js';
