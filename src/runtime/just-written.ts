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

interface Kept<M> {
  readonly place: number;
  readonly bytes: Buffer;
  readonly messages: readonly M[];
}

/** In bytes, some 5,000 events; the messages of them take six times as much. A third was missed with half of it. */
const KEPT_BYTES_MAX = 2 * 1024 * 1024;
const KEPT_MAX = 1_024;

export function createJustWritten<M>(): JustWritten<M> {
  /** By a guess of what the bytes are; of two with the same guess the later. */
  const byGuess = new Map<number, Kept<M>>();
  /** In the order they were written, again and again from the start. */
  const ring: (Kept<M> | undefined)[] = [];
  let newest = 0;
  let oldest = 0;
  let keptBytes = 0;

  const forgetOldest = (): void => {
    const kept = ring[oldest] as Kept<M>;
    ring[oldest] = undefined;
    oldest = (oldest + 1) % KEPT_MAX;
    keptBytes -= kept.bytes.length;
    if (byGuess.get(kept.place) === kept) byGuess.delete(kept.place);
  };

  return {
    keep(bytes, messages) {
      if (bytes.length > KEPT_BYTES_MAX) return;
      while (ring[newest] !== undefined || keptBytes + bytes.length > KEPT_BYTES_MAX)
        forgetOldest();
      const kept = { place: guess(bytes), bytes, messages };
      ring[newest] = kept;
      newest = (newest + 1) % KEPT_MAX;
      keptBytes += bytes.length;
      byGuess.set(kept.place, kept);
    },
    find(bytes) {
      const kept = byGuess.get(guess(bytes));
      return kept !== undefined && kept.bytes.equals(bytes) ? kept.messages : undefined;
    },
  };
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
