/**
 * What dispatch holds in memory of its ledger: by partition and lane, a bounded number of works that
 * are due. The rest stays in the ledger, and `lookAt` says when to look there again. A lane that is
 * full holds up no other; within a lane partitions take turns. What is held is never started twice.
 */
import type { Carried } from '../src/domain/dispatch/carried.ts';
import type { DispatchEntry } from '../src/ports/dispatch-ledger.ts';

/** Moves under way at once, a lane. */
const PER_LANE_MAX = 64;
/** Works held altogether, shared out among the lines. */
const HELD_MAX = 8_192;
const LINE_HELD = { least: 16, most: 512 };

export interface Work {
  readonly partition: number;
  readonly lane: string;
  readonly carried: Carried;
}

interface Line {
  readonly partition: number;
  readonly lane: string;
  /** Ready, under way, or done and not yet recorded. */
  readonly held: Set<string>;
  readonly ready: Work[];
  /** The ledger may have something due that is not held, at this moment and not before. */
  lookAt: number;
}

/** A line with room, to be filled from the ledger. */
export interface Room {
  readonly partition: number;
  readonly lane: string;
  readonly limit: number;
}

export class DispatchLines {
  private readonly lines = new Map<string, Line>();
  private readonly running = new Map<string, number>();

  /** The ledger has something of this lane: look for it. */
  look(partition: number, lane: string, at = -Infinity): void {
    const line = this.lineOf(partition, lane);
    line.lookAt = Math.min(line.lookAt, at);
  }

  /** Nothing of it begins any more; what is under way stays held until it ends. */
  drop(partition: number): void {
    for (const line of this.lines.values()) {
      if (line.partition !== partition) continue;
      for (const work of line.ready.splice(0)) line.held.delete(keyOf(work));
      line.lookAt = Infinity;
    }
  }

  /** In the ledger and due: held if there is room and nothing due was left in the ledger before it. */
  offer(work: Work, at: number): void {
    const line = this.lineOf(work.partition, work.lane);
    if (line.lookAt <= at || line.held.size >= this.lineMax()) {
      line.lookAt = Math.min(line.lookAt, at);
    } else if (!line.held.has(keyOf(work))) {
      line.held.add(keyOf(work));
      line.ready.push(work);
    }
  }

  /** Lines half empty that may have something due. */
  rooms(now: number): readonly Room[] {
    const limit = this.lineMax();
    const rooms: Room[] = [];
    for (const { partition, lane, lookAt, held } of this.lines.values()) {
      if (lookAt <= now && held.size <= limit / 2) rooms.push({ partition, lane, limit });
    }
    return rooms;
  }

  fill(
    { partition, lane }: Room,
    entries: readonly DispatchEntry[],
    options: { readonly nextAt: number | null; readonly read: (value: Uint8Array) => Carried },
  ): void {
    const line = this.lineOf(partition, lane);
    for (const entry of entries) {
      const key = idOf(entry);
      if (line.held.has(key)) continue;
      line.held.add(key);
      line.ready.push({ partition, lane, carried: options.read(entry.value) });
    }
    line.lookAt = options.nextAt ?? Infinity;
  }

  /** What may begin now; it counts as under way until `ended`. */
  take(): readonly Work[] {
    const taken: Work[] = [];
    // A line that gave one goes to the end, where this loop meets it again.
    for (const [key, line] of this.lines) {
      const running = this.running.get(line.lane) ?? 0;
      const work = running < PER_LANE_MAX ? line.ready.shift() : undefined;
      if (!work) continue;
      this.running.set(line.lane, running + 1);
      this.lines.delete(key);
      this.lines.set(key, line);
      taken.push(work);
    }
    return taken;
  }

  /** It makes room in its lane, and is held until it is recorded. */
  ended({ lane }: Work): void {
    this.running.set(lane, (this.running.get(lane) ?? 1) - 1);
  }

  /** Recorded, or not ours to record. */
  forget(work: Work): void {
    this.lineOf(work.partition, work.lane).held.delete(keyOf(work));
  }

  /** When something may be due of which a result will not tell; null: never. */
  nextLook(now: number): number | null {
    const half = this.lineMax() / 2;
    let at = Infinity;
    for (const line of this.lines.values()) {
      if (line.lookAt > now || line.held.size <= half) at = Math.min(at, line.lookAt);
    }
    return at === Infinity ? null : at;
  }

  /** Everything due is carried out and recorded. */
  isIdle(now: number): boolean {
    return [...this.lines.values()].every((line) => line.held.size === 0 && line.lookAt > now);
  }

  private lineOf(partition: number, lane: string): Line {
    const key = `${partition} ${lane}`;
    let line = this.lines.get(key);
    if (!line) {
      line = { partition, lane, held: new Set(), ready: [], lookAt: Infinity };
      this.lines.set(key, line);
    }
    return line;
  }

  private lineMax(): number {
    const share = Math.floor(HELD_MAX / Math.max(1, this.lines.size));
    return Math.max(LINE_HELD.least, Math.min(LINE_HELD.most, share));
  }
}

const keyOf = ({ carried: { action } }: Work): string => idOf(action);

/** An id has no U+0000. */
const idOf = ({ tenant, id }: { readonly tenant: string; readonly id: string }): string =>
  `${tenant}\u0000${id}`;
