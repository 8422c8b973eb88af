/** The program cannot start. The message tells the operator why, and contains no secret. */
export class StartError extends Error {
  override name = 'StartError';
}
