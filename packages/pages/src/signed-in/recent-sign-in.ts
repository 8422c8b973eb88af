import { codeOf } from '../shared/problems.js';

/** The person closed the dialog. */
export class Cancelled extends Error {}

/**
 * Runs an act. If it needs a recent sign-in, asks the person to sign in again and repeats it.
 * Nothing has happened when the server asks for a sign-in, so the repetition is safe.
 */
export async function withRecentSignIn<Result>(act: () => Promise<Result>): Promise<Result> {
  try {
    return await act();
  } catch (error) {
    if (codeOf(error) !== 'reauthentication_required') throw error;
    await signInAgain();
    return act();
  }
}

async function signInAgain(): Promise<void> {
  const { askForSignIn } = await import('./sign-in-again.js');
  await askForSignIn();
}
