import type sharedTexts from '../texts/shared/en.json';
import type signedInTexts from '../texts/signed-in/en.json';

/** The texts that all pages for signed-in people have. */
export type SignedInTexts = typeof sharedTexts & typeof signedInTexts;
