import type { SignInFlow } from './flow.js';
import type { Field, Refusal } from './refusals.js';

/** The fields of the current step, and which of them must not be empty. */
function requiredFields({ step, method }: SignInFlow): Field[] {
  switch (step) {
    case 'address':
      return method === 'password' ? ['email', 'password'] : [method];
    case 'register':
      return ['email', 'password'];
    case 'forgot':
      return ['email'];
    case 'code':
      return ['code'];
    case 'reset':
      return ['code', 'password'];
    case 'new-password':
      return ['password'];
    case 'no-account':
    case 'done':
      return [];
  }
}

/** What the person left out, or null if the form is complete. */
export function findMissing(flow: SignInFlow, codeLength: number): Refusal | null {
  const fields: Refusal['fields'] = {};
  for (const field of requiredFields(flow)) {
    const value = flow.values[field].trim();
    if (field === 'email' && !value) fields.email = { key: 'emailMissing' };
    if (field === 'phone' && !value) fields.phone = { key: 'phoneMissing' };
    if (field === 'password' && !value) fields.password = { key: 'passwordMissing' };
    if (field === 'code' && value.length < codeLength)
      fields.code = { key: 'codeIncomplete', values: { count: codeLength } };
  }
  return Object.keys(fields).length > 0 ? { fields, ways: [] } : null;
}
