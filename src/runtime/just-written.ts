/**
 * What was written a moment ago, with the messages it was written of: most of it is read within a second,
 * twice, in the same process, and the same bytes are the same messages (10 µs of CPU an event and reader
 * saved). Only a memory: where nothing is found, or all of it was forgotten, the bytes are read.
 */
export interface JustWritten<M> {
  /** Both are left alone from now on. */
  keep(bytes: Buffer, messages: readonly M[]): void;
  find(bytes: Buffer): readonly M[] | undefined;
}

interface Kept {
  readonly place: number;
  readonly bytes: Buffer;
  readonly messages: readonly unknown[];
  /** Of one codec, by a guess of what the bytes are; of two with the same guess the later. */
  readonly among: Map<number, Kept>;
}

/** Some hundred events; the messages take six times as much. With 4 MB a process is 10 MB larger, and no quicker. */
const KEPT_BYTES_MAX = 1024 * 1024;
const KEPT_MAX = 16_384;

/**
 * In the order they were written, again and again from the start. One ring for all codecs: bytes are cut
 * from slabs, and what a quiet topic kept for long would keep the slabs of all others.
 */
const ring: (Kept | undefined)[] = [];
let newest = 0;
let oldest = 0;
let keptBytes = 0;

export function createJustWritten<M>(): JustWritten<M> {
  const among = new Map<number, Kept>();
  return {
    keep(bytes, messages) {
      if (bytes.length > KEPT_BYTES_MAX) return;
      while (ring[newest] !== undefined || keptBytes + bytes.length > KEPT_BYTES_MAX)
        forgetOldest();
      const kept = { place: guess(bytes), bytes, messages, among };
      ring[newest] = kept;
      newest = (newest + 1) % KEPT_MAX;
      keptBytes += bytes.length;
      among.set(kept.place, kept);
    },
    find(bytes) {
      const kept = among.get(guess(bytes));
      return kept !== undefined && kept.bytes.equals(bytes)
        ? (kept.messages as readonly M[])
        : undefined;
    },
  };
}

function forgetOldest(): void {
  const { place, bytes, among } = ring[oldest] as Kept;
  if (among.get(place) === ring[oldest]) among.delete(place);
  ring[oldest] = undefined;
  oldest = (oldest + 1) % KEPT_MAX;
  keptBytes -= bytes.length;
}

/** Of their number and a few of them: ids, which differ, are everywhere. */
function guess(bytes: Buffer): number {
  const { length } = bytes;
  let hash = length;
  const step = 1 + (length >> 6);
  for (let at = 0; at < length; at += step) {
    hash = Math.imul(hash ^ (bytes[at] as number), 0x01000193);
  }
  return hash;
}
