/**
 * All windows of one profile: events are folded in, another profile's are merged in, what no window
 * can see any more is forgotten. Every step is a commutative monoid (identity.md 9): the state
 * follows from the set of events alone, within the bounds that are named where they are kept.
 */
import type { Event } from '../event.ts';
import { DAY_MS, type Zone } from '../zone.ts';
import { add } from './cells.ts';
import { occurrenceOf, tileOfOccurrence, type Occurrence } from './occurrence.ts';
import { CART_EVENTS, forgetCarts, mergeCarts, noteCart } from './open-carts.ts';
import { forgetOrders, mergeOrders, noteOrder, ORDER_EVENTS, type Return } from './order-book.ts';
import { meets, type Series } from './series.ts';
import { changeSeries, type Aggregates, type SeriesState } from './state.ts';
import { tileOf } from './window.ts';

export interface AggregatePlan {
  readonly zone: Zone;
  readonly series: readonly Series[];
  readonly byId: ReadonlyMap<number, Series>;
  /** Series whose filter may be met by an event of the type. */
  readonly byType: ReadonlyMap<string, readonly Series[]>;
  /** Those of types that no filter names. */
  readonly byAnyType: readonly Series[];
  /** What went back, by resolution; none: orders need not be remembered. */
  readonly returns: readonly Series[];
  /** An order is remembered for as long as a window can see it. */
  readonly ordersKeptDays: number;
  readonly hasCarts: boolean;
}

/** Takes an event in. `now` is the partition clock: what is older than every window is left out. */
export function foldEvent(
  plan: AggregatePlan,
  aggregates: Aggregates,
  event: Event,
  now: number,
): void {
  const occurrence = occurrenceOf(event, plan.zone);
  const series = plan.byType.get(event.type) ?? plan.byAnyType;
  for (const one of series) foldInto(one, aggregates, occurrence, now);
  if (plan.hasCarts && CART_EVENTS.has(event.type)) noteCart(aggregates.carts, event);
  if (plan.returns.length > 0 && ORDER_EVENTS.has(event.type)) {
    forgetOrders(aggregates.orders, Math.floor(now / DAY_MS) - plan.ordersKeptDays);
    addReturns(plan, aggregates, noteOrder(aggregates.orders, event));
  }
}

/**
 * Joins the aggregates of an absorbed profile; `from` may not be used afterwards. Afterwards all
 * tags are to be evaluated. Series that the catalogue does not know any more are left behind.
 */
export function mergeInto(
  plan: AggregatePlan,
  into: Aggregates,
  { from, now }: { readonly from: Aggregates; readonly now: number },
): void {
  for (const other of from.series) {
    const series = plan.byId.get(other.id);
    if (series !== undefined) {
      changeSeries(into, other.id, (state) => series.behaviour.merge(state, other));
    }
  }
  mergeCarts(into.carts, from.carts);
  const oldest = Math.floor(now / DAY_MS) - plan.ordersKeptDays;
  forgetOrders(into.orders, oldest);
  forgetOrders(from.orders, oldest);
  addReturns(plan, into, mergeOrders(into.orders, from.orders));
}

/** Forgets what no window can see any more, and series of tags that are gone. Changes no value. */
export function pruneAggregates(plan: AggregatePlan, aggregates: Aggregates, now: number): void {
  for (let index = aggregates.series.length - 1; index >= 0; index--) {
    const state = aggregates.series[index] as SeriesState;
    const series = plan.byId.get(state.id);
    if (series !== undefined && series.resolution !== 'ever') {
      series.behaviour.drop(state, oldestKept(series, now, plan.zone));
    }
    if (series === undefined || state.cells.length === 0) aggregates.series.splice(index, 1);
  }
  forgetCarts(aggregates.carts, now);
  forgetOrders(aggregates.orders, Math.floor(now / DAY_MS) - plan.ordersKeptDays);
}

function foldInto(
  series: Series,
  aggregates: Aggregates,
  occurrence: Occurrence,
  now: number,
): void {
  if (!meets(series.filter, occurrence)) return;
  const tile = tileOfOccurrence(occurrence, series.resolution);
  if (tile < oldestKept(series, now, occurrence.zone)) return;
  changeSeries(aggregates, series.id, (state) => series.behaviour.fold(state, tile, occurrence));
}

/** One tile more than the rule asks for: where clocks are put back over midnight, it comes back. */
function oldestKept({ resolution, tilesMax }: Series, now: number, zone: Zone): number {
  return tileOf(resolution, now, zone) - tilesMax - (resolution === '1d' ? 1 : 0);
}

function addReturns(plan: AggregatePlan, aggregates: Aggregates, returns: readonly Return[]): void {
  for (const { at, count, money } of returns) {
    for (const series of plan.returns) {
      const amount = series.kind === 'returned_count' ? count : money;
      if (amount === 0) continue;
      const tile = tileOf(series.resolution, at, plan.zone);
      changeSeries(aggregates, series.id, ({ cells }) => add(cells, tile, amount));
    }
  }
}
