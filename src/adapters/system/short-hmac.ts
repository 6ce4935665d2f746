/**
 * HMAC-SHA256 of short texts, by its definition (RFC 2104): two hashes, each in one call and handed over
 * as a text of bytes. An Hmac object costs twice as much as all the hashing in it.
 */
import { createHmac, hash } from 'node:crypto';
import { unitAt } from '../../domain/unit-at.ts';

/** The first so many bytes, as hex in a text of its own, which keeps no longer one alive. */
export type ShortHmac = (text: string, bytes: number) => string;

const BLOCK_BYTES = 64;
const HASH_BYTES = 32;
const TEXT_CHARS_MAX = 192;
const INNER_PAD = 0x36;
const OUTER_PAD = 0x5c;

/** `key`: at most one block of the hash. */
export function createShortHmac(key: Buffer): ShortHmac {
  const inner = Buffer.alloc(BLOCK_BYTES + TEXT_CHARS_MAX, padded(key, INNER_PAD));
  const outer = Buffer.alloc(BLOCK_BYTES + HASH_BYTES, padded(key, OUTER_PAD));
  /** The start of `inner` for a text of each length: made for every text, it costs a microsecond. */
  const starts = Array.from({ length: TEXT_CHARS_MAX + 1 }, (_, length) =>
    inner.subarray(0, BLOCK_BYTES + length),
  );
  const result = Buffer.alloc(HASH_BYTES);

  return (text, bytes) => {
    const start = starts[text.length];
    if (start === undefined || !copyAscii(text, inner)) {
      return createHmac('sha256', key)
        .update(text)
        .digest('hex')
        .slice(0, 2 * bytes);
    }
    copyBytes(hash('sha256', start, 'binary'), outer, BLOCK_BYTES, HASH_BYTES);
    copyBytes(hash('sha256', outer, 'binary'), result, 0, bytes);
    return result.toString('hex', 0, bytes);
  };
}

function padded(key: Buffer, pad: number): Buffer {
  if (key.length > BLOCK_BYTES) throw new RangeError(`a key of ${key.length} bytes`);
  const block = Buffer.alloc(BLOCK_BYTES, pad);
  for (const [at, byte] of key.entries()) block[at] = byte ^ pad;
  return block;
}

/** Behind the first block. False: the text is something else. */
function copyAscii(text: string, to: Buffer): boolean {
  for (let i = 0, { length } = text; i < length; i += 1) {
    const unit = unitAt(text, i);
    if (unit > 127) return false;
    to[BLOCK_BYTES + i] = unit;
  }
  return true;
}

function copyBytes(bytes: string, to: Buffer, at: number, count: number): void {
  for (let i = 0; i < count; i += 1) to[at + i] = unitAt(bytes, i);
}
