/**
 * Sessions: runs of events in which none is more than `gapMs` after the one before. A session counts
 * in a window by its last event, so that forgetting old ones changes no count: in SQL, the events
 * that none follows within `gapMs`. Cells: last moment → length + 1, ms.
 */
import type { Behaviour } from './behaviour.ts';
import { assign, dropBefore, firstFrom, newest, pairsOf, type Cells, type Pair } from './cells.ts';
import type { SeriesState } from './state.ts';

interface Session {
  readonly start: number;
  readonly end: number;
}

export const sessions = (gapMs: number, tileMs: number): Behaviour => ({
  fold: ({ cells }, _, { event }) => {
    if (!extendNewest(cells, event.at, gapMs))
      join(cells, [{ start: event.at, end: event.at }], gapMs);
  },
  merge: (into, from) => join(into.cells, sessionsOf(from.cells), gapMs),
  drop: ({ cells }, from) => void dropBefore(cells, from * tileMs),
  oldest: ({ cells }, from) => {
    const end = firstFrom(cells, from * tileMs);
    return end === undefined ? undefined : Math.floor(end / tileMs);
  },
});

/** The common case: the event is within the newest session, or goes on with it. */
function extendNewest(cells: Cells, at: number, gapMs: number): boolean {
  const end = newest(cells);
  if (end === undefined) return false;
  const last = cells.length - 2;
  const length = (cells[last + 1] ?? 1) - 1;
  if (at <= end) return at >= end - length;
  if (at - end > gapMs) return false;
  if (last > 0) cells[last - 2] = (cells[last - 2] ?? 0) + (at - end);
  cells[last] = at;
  cells[last + 1] = length + (at - end) + 1;
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

/** For tests and explanations. */
export const readSessions = ({ cells }: SeriesState): readonly Session[] => sessionsOf(cells);
