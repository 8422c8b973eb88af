import { parsePhoneNumberFromString, type PhoneNumber } from 'libphonenumber-js/max';

/**
 * By country calling code: rewrites a national number into the one spelling that other code sees.
 * Without these rules, one person could be several recipients, each with its own limits.
 * docs/phone-numbers.md explains them.
 */
const REWRITE: Record<string, (nationalNumber: string) => string> = {
  // Mexico dropped the prefixes 01, 044 and 045, and the 1 after its country code, in 2019.
  52: (number) => number.replace(/^(?:01|044|045)?1?(?=\d{10}$)/, ''),
  54: argentineMobile,
  // Brazil put a 9 before the eight digits of its mobile numbers until 2016. They began with 6 to 9.
  55: (number) => number.replace(/^[1-9]{2}(?=[6-9]\d{7}$)/, '$&9'),
};

/**
 * Argentine mobile numbers have a 9 before the area code in international spelling, or a 15 after
 * it in national spelling. People mix the two and often omit both. libphonenumber knows the lengths
 * of the area codes, so it removes the 15.
 */
function argentineMobile(nationalNumber: string): string {
  const withoutNine = parsePhoneNumberFromString(`+54${nationalNumber.replace(/^0?9?0?/, '')}`);
  const type = withoutNine?.getType();
  if (withoutNine && type === 'MOBILE') return withoutNine.nationalNumber;
  if (withoutNine && type === 'FIXED_LINE') return `9${withoutNine.nationalNumber}`;
  return nationalNumber;
}

/** The number in its canonical spelling. The type of a number must be judged after this. */
export function canonicalNumber(number: PhoneNumber): PhoneNumber {
  const { countryCallingCode, nationalNumber } = number;
  const rewritten = REWRITE[countryCallingCode]?.(nationalNumber) ?? nationalNumber;
  return parsePhoneNumberFromString(`+${countryCallingCode}${rewritten}`) ?? number;
}
