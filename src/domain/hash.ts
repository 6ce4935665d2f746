/**
 * Small stable hashes for keys inside a profile's state. They are written to disk: to change them
 * would lose every wait and every limit. They keep no secret and resist nobody; ids and codes have
 * keyed hashes of their own.
 */
import { unitAt } from './unit-at.ts';
/** 32 bits, as a signed integer: FNV-1a over UTF-16 units, then mixed so that all bits count. */
export function hash32(text: string): number {
  return mix(fnv(text, 0x811c9dc5));
}

/** 48 bits, as a non-negative safe integer. */
export function hash48(text: string): number {
  const high = mix(fnv(text, 0x2f0b4c47)) & 0xffff;
  return high * 0x1_0000_0000 + (hash32(text) >>> 0);
}

function fnv(text: string, seed: number): number {
  let hash = seed;
  for (let index = 0, { length } = text; index < length; index++) {
    hash = Math.imul(hash ^ unitAt(text, index), 0x01000193);
  }
  return hash;
}

/** The finishing steps of MurmurHash3 (public domain). */
function mix(value: number): number {
  let hash = value;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
