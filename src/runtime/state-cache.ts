/**
 * States of one partition, so that most messages need no load. Write-through: what is here equals what
 * the store holds, but for the keys of the turn under way. Kept as their bytes, and unfolded while a
 * turn uses them: an unfolded state is dozens of objects, which the garbage collector walks, again and
 * again, and which lie all over the memory. Bounded in bytes; two generations instead of an exact order,
 * so that a hit costs one lookup: what was not used since the last change of generations goes first.
 * Dropped whole when the partition is lost.
 */
export interface CachedState<S> {
  readonly key: string;
  /** As the store has it; null: it has nothing under this key. Written over. */
  kept: Buffer | null;
  /** Unfolded, during a turn; undefined: not yet, or there is none. */
  state: S | undefined;
  /** What the index of timers holds for this key. */
  dueAt: number | null;
  bytes: number;
}

/** The entry, its key, its places in maps, and what an array of bytes takes besides its bytes. */
const ENTRY_OVERHEAD_BYTES = 600;

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

  /** As it is stored from now on; the bytes are copied, and the unfolded state is given up. */
  put(entry: CachedState<S>, stored: Uint8Array | null): void {
    entry.kept = stored === null ? null : copied(stored, entry.kept);
    entry.state = undefined;
    const bytes = (entry.kept?.buffer.byteLength ?? 0) + ENTRY_OVERHEAD_BYTES;
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

/** Over `old` if there is room: a new buffer costs 2 µs. */
function copied(stored: Uint8Array, old: Buffer | null): Buffer {
  const { length } = stored;
  const room = old?.buffer.byteLength ?? 0;
  const isFit = room >= length && room <= 2 * length + ROOM_MIN;
  const buffer = isFit && old ? old.buffer : new ArrayBuffer(length + (length >> 2) + ROOM_MIN);
  const own = Buffer.from(buffer, 0, length);
  own.set(stored);
  return own;
}

const ROOM_MIN = 16;
