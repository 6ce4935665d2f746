/**
 * Sessions: runs of events in which none is more than `gapMs` after the one before. A session counts
 * in a window by its last event, so that forgetting old ones changes no count: in SQL, the events
 * that none follows within `gapMs`. Cells: last moment → length + 1, ms.
 */
import { nothingToForget, type Behaviour } from './behaviour.ts';
import { append, assign, newest, pairsOf, valueAt, type Cells, type Pair } from './cells.ts';

interface Session {
  readonly start: number;
  readonly end: number;
}

export const sessions = (gapMs: number, tileMs: number): Behaviour => ({
  perTile: tileMs,
  fold: ({ cells }, _, { event }) => {
    if (!extendNewest(cells, event.at, gapMs)) {
      join(cells, [{ start: event.at, end: event.at }], gapMs);
    }
    return true;
  },
  merge: (into, from) => join(into.cells, sessionsOf(from.cells), gapMs),
  forget: nothingToForget,
});

/** The common case: the event is the first, within the newest session, goes on with it, or begins another. */
function extendNewest(cells: Cells, at: number, gapMs: number): boolean {
  const end = newest(cells);
  if (end === undefined) {
    append(cells, at, 1);
    return true;
  }
  const last = cells.count - 1;
  const length = valueAt(cells, last) - 1;
  if (at <= end) return at >= end - length;
  if (at - end > gapMs) {
    append(cells, at, 1);
    return true;
  }
  cells.numbers[last] = at;
  cells.values[last] = length + (at - end) + 1;
  return true;
}

function join(cells: Cells, others: readonly Session[], gapMs: number): void {
  const ordered = [...sessionsOf(cells), ...others].toSorted((a, b) => a.start - b.start);
  const joined: Session[] = [];
  for (const session of ordered) {
    const last = joined.at(-1);
    if (last === undefined || session.start - last.end > gapMs) joined.push(session);
    else joined[joined.length - 1] = { start: last.start, end: Math.max(last.end, session.end) };
  }
  assign(
    cells,
    joined.map(({ start, end }): Pair => [end, end - start + 1]),
  );
}

const sessionsOf = (cells: Cells): Session[] =>
  pairsOf(cells).map(([end, length]) => ({ start: end - (length - 1), end }));
