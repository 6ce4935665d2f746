/**
 * What a kind of series does, behind one interface: take an event in, join another profile's series.
 * All of them are commutative monoids: the order of events and merges is of no account, and an empty
 * series changes nothing.
 */
import type { Occurrence } from './occurrence.ts';
import type { SeriesState } from './series-state.ts';

export interface Behaviour {
  /** Cells are numbered tile · `perTile` + something less. */
  readonly perTile: number;
  /** Answers whether that changed anything. */
  fold(state: SeriesState, tile: number, occurrence: Occurrence): boolean;
  merge(into: SeriesState, from: SeriesState): void;
  /** The `dropped` oldest cells are gone: texts they referred to may go. */
  forget(state: SeriesState, dropped: number): void;
}

export const nothingToForget = (): void => undefined;
