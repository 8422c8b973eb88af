/** GSM 03.38, basic set and extension (which costs two). */
const GSM7 =
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà';
const GSM7_EXTENSION = '^{}\\[~]|€\f';

export interface SmsSize {
  encoding: 'GSM-7' | 'UCS-2';
  /** Septets, or 16-bit units. */
  length: number;
  /** What a vendor bills. */
  segments: number;
}

/** How a text travels: one character outside of GSM-7 makes it UCS-2, which holds less than half as much. */
export function smsSize(text: string): SmsSize {
  const costs = [...text].map((char) => (GSM7.includes(char) ? 1 : GSM7_EXTENSION.includes(char) ? 2 : 0));
  if (costs.includes(0)) return sized('UCS-2', text.length, 70, 67);
  const length = costs.reduce<number>((sum, cost) => sum + cost, 0);
  return sized('GSM-7', length, 160, 153);
}

function sized(encoding: SmsSize['encoding'], length: number, whole: number, part: number): SmsSize {
  return { encoding, length, segments: length <= whole ? 1 : Math.ceil(length / part) };
}
