/** As it is, and as a careless writer would encode it. */
export function forms(secret: string): string[] {
  const bytes = Buffer.from(secret);
  // Base64 of a part of a longer text: the characters that do not depend on what stands around it, for each offset.
  const within = [0, 1, 2].map((offset) => {
    const encoded = Buffer.concat([Buffer.alloc(offset), bytes])
      .toString('base64')
      .replace(/=+$/, '');
    return encoded.slice(offset === 0 ? 0 : offset + 1, -1);
  });
  return [secret, bytes.toString('hex'), ...within];
}
