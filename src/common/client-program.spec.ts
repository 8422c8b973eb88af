import { programOf } from './client-program.js';

const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';

describe('program of a client', () => {
  it.each([
    ['of the browser', FIREFOX, FIREFOX.replaceAll('140.0', '141.0.2')],
    ['of an app and its system', 'Acme/2.3.1 (iPhone; iOS 18_1)', 'Acme/2.4 (iPhone; iOS 18_2_1)'],
    ['of a library', 'okhttp/4.12.0', 'okhttp/5.0.1'],
  ])('stays the same after an update %s', (_, before, after) => {
    expect(programOf(after)).toBe(programOf(before));
  });

  it.each([
    ['browser', FIREFOX.replace('Firefox', 'Chrome')],
    ['system', FIREFOX.replace('X11; Linux', 'Windows NT 10.0')],
    ['app', 'Acme/2.3.1 (iPhone; iOS 18_1)'],
  ])('differs for another %s', (_, other) => {
    expect(programOf(other)).not.toBe(programOf(FIREFOX));
  });

  it.each([undefined, '', ' ', '1.0', '-/-', '2 (3; 4)'])('is unknown for the header %j', (userAgent) => {
    expect(programOf(userAgent)).toBeNull();
  });
});
