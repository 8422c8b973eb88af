/** The basic character set of GSM 03.38. An extension character counts twice. */
const GSM7 =
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà';
const GSM7_EXTENSION = '^{}\\[~]|€\f';

export interface SmsSize {
  encoding: 'GSM-7' | 'UCS-2';
  /** In septets or 16-bit units. */
  length: number;
  /** The number that a vendor bills. */
  segments: number;
}

/** One character outside GSM-7 makes the whole text UCS-2, which holds less than half as much. */
export function smsSize(text: string): SmsSize {
  const costs = [...text].map((char) => (GSM7.includes(char) ? 1 : GSM7_EXTENSION.includes(char) ? 2 : 0));
  if (costs.includes(0)) return inSegments('UCS-2', text.length, 70, 67);
  const length = costs.reduce<number>((sum, cost) => sum + cost, 0);
  return inSegments('GSM-7', length, 160, 153);
}

function inSegments(
  encoding: SmsSize['encoding'],
  length: number,
  singleLimit: number,
  partLimit: number,
): SmsSize {
  return { encoding, length, segments: length <= singleLimit ? 1 : Math.ceil(length / partLimit) };
}
