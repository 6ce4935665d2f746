/**
 * Decoded states of one partition, so that most messages need no load. Write-through: what is here
 * equals what the store holds, but for the keys of the turn under way. Bounded in bytes, least
 * recently used first out; dropped whole when the partition is lost.
 */
export interface CachedState<S> {
  readonly key: string;
  /** undefined: the store has nothing under this key. */
  state: S | undefined;
  /** What the index of timers holds for this key. */
  dueAt: number | null;
  bytes: number;
}

/** A decoded state costs about this many times its encoded size (objects, numbers as doubles). */
const DECODED_FACTOR = 4;
const ENTRY_OVERHEAD_BYTES = 300;

export class StateCache<S> {
  private readonly entries = new Map<string, CachedState<S>>();
  private usedBytes = 0;
  private readonly bytesMax: number;

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax;
  }

  get sizeBytes(): number {
    return this.usedBytes;
  }

  get(key: string): CachedState<S> | undefined {
    const entry = this.entries.get(key);
    if (!entry) return undefined;
    this.entries.delete(key);
    this.entries.set(key, entry);
    return entry;
  }

  /** `encodedBytes`: size of the state as stored. */
  put(entry: CachedState<S>, encodedBytes: number): void {
    const known = this.entries.get(entry.key);
    if (known) {
      this.usedBytes -= known.bytes;
      this.entries.delete(entry.key);
    }
    entry.bytes = encodedBytes * DECODED_FACTOR + ENTRY_OVERHEAD_BYTES;
    this.usedBytes += entry.bytes;
    this.entries.set(entry.key, entry);
  }

  drop(key: string): void {
    const entry = this.entries.get(key);
    if (!entry) return;
    this.usedBytes -= entry.bytes;
    this.entries.delete(key);
  }

  /** Only between turns: a turn relies on what it loaded being here. */
  shrink(): void {
    for (const [key, entry] of this.entries) {
      if (this.usedBytes <= this.bytesMax) return;
      this.entries.delete(key);
      this.usedBytes -= entry.bytes;
    }
  }

  clear(): void {
    this.entries.clear();
    this.usedBytes = 0;
  }
}
