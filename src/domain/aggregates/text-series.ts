/**
 * The first or last text by tile, by (at, event id), as SQL's argMin and argMax over the pair. Cells:
 * tile → at + 1; keys: event id and text of each, in the order of the tiles.
 */
import type { Behaviour } from './behaviour.ts';
import { dropBefore, firstFrom, pairsOf, put } from './cells.ts';
import { textOf, type Field } from './fields.ts';
import type { SeriesState } from './state.ts';

interface Said {
  readonly at: number;
  readonly id: string;
  readonly text: string;
}

type IsBetter = (a: Said, b: Said) => boolean;

const isEarlier: IsBetter = (a, b) => a.at < b.at || (a.at === b.at && a.id < b.id);
const isLater: IsBetter = (a, b) => a.at > b.at || (a.at === b.at && a.id > b.id);

const edges = (field: Field, isBetter: IsBetter): Behaviour => ({
  fold: (state, tile, occurrence) => {
    const text = textOf(field, occurrence);
    if (text === undefined) return;
    const { at, id } = occurrence.event;
    keep(state, tile, { at, id, text }, isBetter);
  },
  merge: (into, from) => {
    pairsOf(from.cells).forEach(([tile], index) => {
      keep(into, tile, saidAt(from, index), isBetter);
    });
  },
  drop: ({ cells, keys }, from) => void keys.splice(0, 2 * dropBefore(cells, from)),
  oldest: ({ cells }, from) => firstFrom(cells, from),
});

export const firstText = (field: Field): Behaviour => edges(field, isEarlier);
export const lastText = (field: Field): Behaviour => edges(field, isLater);

/** Of the oldest (first) or newest (last) tile from `from` on. */
export function edgeFrom(state: SeriesState, from: number, which: 'first' | 'last') {
  const tiles = pairsOf(state.cells).map(([tile]) => tile);
  const index = which === 'first' ? tiles.findIndex((tile) => tile >= from) : tiles.length - 1;
  const tile = tiles[index];
  return tile === undefined || tile < from ? undefined : saidAt(state, index).text;
}

function keep(state: SeriesState, tile: number, said: Said, isBetter: IsBetter): void {
  const { cells, keys } = state;
  const tiles = pairsOf(cells).map(([one]) => one);
  const index = tiles.findIndex((one) => one >= tile);
  const at = index < 0 ? tiles.length : index;
  const isKnown = tiles[at] === tile;
  if (isKnown && !isBetter(said, saidAt(state, at))) return;
  put(cells, tile, said.at + 1);
  keys.splice(2 * at, isKnown ? 2 : 0, said.id, said.text);
}

function saidAt({ cells, keys }: SeriesState, index: number): Said {
  const stored = cells[2 * index + 1] ?? 1;
  return { at: stored - 1, id: keys[2 * index] ?? '', text: keys[2 * index + 1] ?? '' };
}
