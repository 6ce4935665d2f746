/**
 * Most texts of a shop's messages are few: those read last are kept with their bytes, so that reading
 * one again makes no new text. Where two contend for a place, the later has it.
 */
const TEXTS_KEPT = 4_096;
const KEPT_BYTES_MAX = 32;

/** `decode` makes a text of UTF-8. */
export function createKeptTexts<Bytes extends Uint8Array>(
  decode: (bytes: Bytes, start: number, end: number) => string,
): (bytes: Bytes, start: number, length: number) => string {
  const kept: string[] = Array.from({ length: TEXTS_KEPT }, () => '');
  /** For each its length, and its bytes. */
  const keptBytes = new Uint8Array(TEXTS_KEPT * (KEPT_BYTES_MAX + 1));

  return (bytes, start, length) => {
    if (length > KEPT_BYTES_MAX) return decode(bytes, start, start + length);
    if (length === 0) return '';
    const place = placeOf(bytes, start, length);
    let at = place * (KEPT_BYTES_MAX + 1);
    if (keptBytes[at] === length) {
      let same = 0;
      while (same < length && keptBytes[at + 1 + same] === bytes[start + same]) same += 1;
      if (same === length) return kept[place] as string;
    }
    const text = decode(bytes, start, start + length);
    kept[place] = text;
    keptBytes[at] = length;
    for (let i = 0; i < length; i += 1) keptBytes[(at += 1)] = bytes[start + i] as number;
    return text;
  };
}

function placeOf(bytes: Uint8Array, start: number, length: number): number {
  let hash = length;
  for (let i = 0; i < length; i += 1) {
    hash = Math.imul(hash ^ (bytes[start + i] as number), 0x01000193);
  }
  return (hash ^ (hash >>> 15)) & (TEXTS_KEPT - 1);
}
