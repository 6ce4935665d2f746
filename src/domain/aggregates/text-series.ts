/**
 * The first or last text by tile, by (at, event id), as SQL's argMin and argMax over the pair. Cells:
 * tile → at + 1; keys: event id and text of each, in the order of the tiles.
 */
import type { Behaviour } from './behaviour.ts';
import { indexFrom, numberAt, pairsOf, put, valueAt } from './cells.ts';
import { textOf, type Field } from './fields.ts';
import { keyAt, keysOf, type SeriesState } from './series-state.ts';

interface Said {
  readonly at: number;
  readonly id: string;
  readonly text: string;
}

type IsBetter = (a: Said, b: Said) => boolean;

const isEarlier: IsBetter = (a, b) => a.at < b.at || (a.at === b.at && a.id < b.id);
const isLater: IsBetter = (a, b) => a.at > b.at || (a.at === b.at && a.id > b.id);

const edges = (field: Field, isBetter: IsBetter): Behaviour => ({
  perTile: 1,
  fold: (state, tile, occurrence) => {
    const text = textOf(field, occurrence);
    if (text === undefined) return false;
    const { at, id } = occurrence.event;
    return keep(state, tile, { at, id, text }, isBetter);
  },
  merge: (into, from) => {
    pairsOf(from.cells).forEach(([tile], index) => {
      keep(into, tile, saidAt(from, index), isBetter);
    });
  },
  forget: (state, dropped) => void keysOf(state).splice(0, 2 * dropped),
});

export const firstText = (field: Field): Behaviour => edges(field, isEarlier);
export const lastText = (field: Field): Behaviour => edges(field, isLater);

/** Of the oldest (first) or newest (last) tile from `from` on. */
export function edgeFrom(state: SeriesState, from: number, which: 'first' | 'last') {
  const first = indexFrom(state.cells, from);
  if (first === state.cells.count) return undefined;
  const index = which === 'first' ? first : state.cells.count - 1;
  return keyAt(state, 2 * index + 1);
}

function keep(state: SeriesState, tile: number, said: Said, isBetter: IsBetter): boolean {
  const { cells } = state;
  const index = indexFrom(cells, tile);
  const isKnown = index < cells.count && numberAt(cells, index) === tile;
  // The common case is settled without reading texts.
  if (isKnown && !mayBeBetter(said.at, valueAt(cells, index) - 1, isBetter)) return false;
  if (isKnown && !isBetter(said, saidAt(state, index))) return false;
  put(cells, tile, said.at + 1);
  keysOf(state).splice(2 * index, isKnown ? 2 : 0, said.id, said.text);
  return true;
}

/** By the moments alone: at the same moment the ids decide. */
const mayBeBetter = (at: number, knownAt: number, isBetter: IsBetter): boolean =>
  at === knownAt || isBetter({ at, id: '', text: '' }, { at: knownAt, id: '', text: '' });

function saidAt(state: SeriesState, index: number): Said {
  const at = valueAt(state.cells, index) - 1;
  return { at, id: keyAt(state, 2 * index), text: keyAt(state, 2 * index + 1) };
}
