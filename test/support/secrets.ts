/** The secret in plain text and in the encodings in which a log might contain it. */
export function forms(secret: string): string[] {
  const bytes = Buffer.from(secret);
  // In Base64 of a longer text, the characters of the secret depend on its offset modulo 3. The
  // first and the last ones also depend on the text around it, so they are cut off.
  const within = [0, 1, 2].map((offset) => {
    const encoded = Buffer.concat([Buffer.alloc(offset), bytes])
      .toString('base64')
      .replace(/=+$/, '');
    return encoded.slice(offset === 0 ? 0 : offset + 1, -1);
  });
  return [secret, bytes.toString('hex'), ...within];
}
