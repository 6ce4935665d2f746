/**
 * What a kind of series does, behind one interface: take an event in, join another profile's series,
 * forget old tiles. All of them are commutative monoids: the order of events and merges is of no
 * account, and an empty series changes nothing.
 */
import type { Occurrence } from './occurrence.ts';
import type { SeriesState } from './state.ts';

export interface Behaviour {
  fold(state: SeriesState, tile: number, occurrence: Occurrence): void;
  merge(into: SeriesState, from: SeriesState): void;
  /** Forgets the tiles below `from`. */
  drop(state: SeriesState, from: number): void;
  /** The oldest tile from `from` on. */
  oldest(state: SeriesState, from: number): number | undefined;
}
