import { PASSWORD_REFUSED } from './users.examples.js';

describe('PASSWORD_REFUSED', () => {
  it('has the text that the server gives for a common password', () => {
    expect(PASSWORD_REFUSED.detail).toMatch(/^password is one of the most common/);
  });
});
