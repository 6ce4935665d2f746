/**
 * Decoded states of one partition, so that most messages need no load. Write-through: what is here
 * equals what the store holds, but for the keys of the turn under way. Bounded in bytes; two
 * generations instead of an exact order, so that a hit costs one lookup: what was not used since the
 * last change of generations goes first. Dropped whole when the partition is lost.
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
  private young = new Map<string, CachedState<S>>();
  private old = new Map<string, CachedState<S>>();
  private youngBytes = 0;
  private oldBytes = 0;
  private readonly bytesMax: number;

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax;
  }

  get sizeBytes(): number {
    return this.youngBytes + this.oldBytes;
  }

  get(key: string): CachedState<S> | undefined {
    const recent = this.young.get(key);
    if (recent !== undefined) return recent;
    const entry = this.old.get(key);
    if (entry === undefined) return undefined;
    this.old.delete(key);
    this.oldBytes -= entry.bytes;
    this.young.set(key, entry);
    this.youngBytes += entry.bytes;
    return entry;
  }

  /** `encodedBytes`: size of the state as stored. */
  put(entry: CachedState<S>, encodedBytes: number): void {
    const bytes = encodedBytes * DECODED_FACTOR + ENTRY_OVERHEAD_BYTES;
    const known = this.get(entry.key);
    this.youngBytes += bytes - (known?.bytes ?? 0);
    entry.bytes = bytes;
    if (known !== entry) this.young.set(entry.key, entry);
  }

  /** Only between turns: a turn relies on what it loaded being here. */
  shrink(): void {
    if (this.youngBytes * 2 <= this.bytesMax) return;
    this.old = this.young;
    this.oldBytes = this.youngBytes;
    this.young = new Map();
    this.youngBytes = 0;
    // One turn alone may have loaded more than all there is room for.
    if (this.oldBytes > this.bytesMax) this.clear();
  }

  clear(): void {
    this.young = new Map();
    this.old = new Map();
    this.youngBytes = 0;
    this.oldBytes = 0;
  }
}
