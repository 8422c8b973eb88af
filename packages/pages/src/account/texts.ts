import type { SignedInTexts } from '../signed-in/texts.js';
import type accountTexts from '../texts/account/en.json';

export type AccountTexts = typeof accountTexts & SignedInTexts;
