/**
 * What a profile keeps of its events: plain, mutable, exactly what `schemas/aggregates.avsc` writes.
 * Lists are sorted (series by id, orders and carts by day or moment, then key), and nothing empty is
 * kept, so that the same events make the same bytes, in whatever order they came.
 */
import { hash32 } from '../hash.ts';
import type { Cells } from './cells.ts';

export interface SeriesState {
  /** `hash32` of the series' definition, so that an edited catalogue keeps what still matches. */
  readonly id: number;
  readonly cells: Cells;
  /** Texts the cells refer to; empty for most kinds. */
  readonly keys: string[];
}

/** What is remembered of an order, so that refunds and cancellations can be told from each other. */
export interface OrderState {
  /** `hash32(order.id)`. */
  readonly key: number;
  /** UTC day of its latest event. */
  day: number;
  /** How many `order_paid` were counted; 0: only refunds or a cancellation have come so far. */
  counted: number;
  /** Fen, as paid. */
  total: number;
  /** Moment → fen paid back. */
  readonly refunds: Cells;
  /** The earliest cancellation + 1; 0: none. */
  cancelled: number;
}

/** What lies in a cart: what was put in and taken out since it was last paid. */
export interface CartState {
  /** `hash32(cart.id)`; that of '' for events without a cart id. */
  readonly key: number;
  /** The latest payment + 1; 0: none. */
  closed: number;
  /** Moment → fen put in (taken out: negative), all after `closed`. */
  readonly changes: Cells;
}

export interface Aggregates {
  readonly series: SeriesState[];
  readonly orders: OrderState[];
  readonly carts: CartState[];
}

export const emptyAggregates = (): Aggregates => ({ series: [], orders: [], carts: [] });

export const isEmpty = ({ series, orders, carts }: Aggregates): boolean =>
  series.length + orders.length + carts.length === 0;

export const keyOf = (id: string): number => hash32(id);

/** Of a list sorted by an integer: where `id` is, or, below zero, the complement of where it goes. */
export function findSeries(series: readonly SeriesState[], id: number): number {
  let low = 0;
  let high = series.length - 1;
  while (low <= high) {
    const middle = (low + high) >>> 1;
    const found = (series[middle] as SeriesState).id;
    if (found === id) return middle;
    if (found < id) low = middle + 1;
    else high = middle - 1;
  }
  return ~low;
}

export function seriesOf({ series }: Aggregates, id: number): SeriesState | undefined {
  const index = findSeries(series, id);
  return index < 0 ? undefined : series[index];
}

/** Lets `change` work on a series that is made before and forgotten after, if it is empty. */
export function changeSeries(
  { series }: Aggregates,
  id: number,
  change: (state: SeriesState) => void,
): void {
  const index = findSeries(series, id);
  const found = index < 0 ? undefined : series[index];
  const state = found ?? { id, cells: [], keys: [] };
  change(state);
  if (found === undefined && state.cells.length > 0) series.splice(~index, 0, state);
  if (found !== undefined && state.cells.length === 0) series.splice(index, 1);
}
