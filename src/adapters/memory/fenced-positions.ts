/**
 * Where owners stand, by name: an epoch, a position and the outbox of what was committed there.
 * The memory counterpart of what Redis does in a script: check everything, then change everything.
 */
import type { NewRecord } from '../../ports/event-log.ts';
import type { OutboxRow, Position } from '../../ports/outbox.ts';

export interface FencedPosition {
  readonly epoch: number;
  readonly position: Position;
}

export interface FencedMove {
  readonly epoch: number;
  readonly from: Position;
}

export interface FencedPositions {
  /** Takes the name over: a new epoch, everything else as it was. */
  claim(name: string): FencedPosition;
  get(name: string): FencedPosition;
  check(name: string, move: FencedMove): 'ok' | 'fenced' | 'moved';
  /** Only after `check`. */
  advance(name: string, to: Position): void;
  /** Puts outputs into the outbox of this name; answers their rows. */
  post(name: string, outputs: readonly NewRecord[]): readonly OutboxRow[];
  unpublished(name: string): readonly OutboxRow[];
  trim(name: string, sequence: number): void;
}

interface Entry extends FencedPosition {
  readonly sequence: number;
  readonly outbox: readonly OutboxRow[];
}

const BEGINNING: Entry = {
  epoch: 0,
  position: { offset: 0, index: 0 },
  sequence: 0,
  outbox: [],
};

export function createFencedPositions(): FencedPositions {
  const entries = new Map<string, Entry>();
  const entryOf = (name: string): Entry => entries.get(name) ?? BEGINNING;
  const set = (name: string, change: Partial<Entry>): Entry => {
    const entry = { ...entryOf(name), ...change };
    entries.set(name, entry);
    return entry;
  };
  return {
    claim: (name) => set(name, { epoch: entryOf(name).epoch + 1 }),
    get: entryOf,
    check(name, { epoch, from }) {
      const entry = entryOf(name);
      if (entry.epoch !== epoch) return 'fenced';
      const { offset, index } = entry.position;
      return offset === from.offset && index === from.index ? 'ok' : 'moved';
    },
    advance: (name, position) => void set(name, { position }),
    post(name, outputs) {
      const { sequence, outbox } = entryOf(name);
      const rows = outputs.map((record, index) => ({ sequence: sequence + index + 1, record }));
      set(name, { sequence: sequence + rows.length, outbox: [...outbox, ...rows] });
      return rows;
    },
    unpublished: (name) => entryOf(name).outbox,
    trim(name, sequence) {
      set(name, { outbox: entryOf(name).outbox.filter((row) => row.sequence > sequence) });
    },
  };
}
