/**
 * All windows of one profile: events are folded in, another profile's are merged in, what no window
 * can see any more is forgotten. Every step is a commutative monoid (identity.md 9): the state
 * follows from the set of events alone, within the bounds that are named where they are kept.
 */
import type { Event } from '../event.ts';
import { DAY_MS, type Zone } from '../zone.ts';
import { add, dropBefore } from './cells.ts';
import { occurrenceOf, tileOfOccurrence, type Occurrence } from './occurrence.ts';
import { forgetCarts, hasOldCarts, mergeCarts, noteCart } from './open-carts.ts';
import { forgetOrders, hasOldOrders, mergeOrders, noteOrder, type Return } from './order-book.ts';
import {
  cartsOf,
  changeSeries,
  close,
  hasSeries,
  newOpenAggregates,
  open,
  ordersOf,
  seriesAt,
  type OpenAggregates,
} from './open-aggregates.ts';
import { meets, type Series } from './series.ts';
import { firstNumber, type SeriesState } from './series-state.ts';
import { isEmpty, type Aggregates } from './state.ts';
import { tileOf, tilesAt } from './window.ts';

export interface AggregatePlan {
  readonly zone: Zone;
  /** Sorted by id; each knows its place. */
  readonly series: readonly Series[];
  readonly byId: ReadonlyMap<number, Series>;
  /** What an event of the type goes into. */
  readonly byType: ReadonlyMap<string, Folding>;
  /** Of types that nothing names. */
  readonly byAnyType: Folding;
  /** What went back, by resolution; none: orders need not be remembered. */
  readonly returns: readonly Series[];
  /** An order is remembered for as long as a window can see it. */
  readonly ordersKeptDays: number;
  readonly hasCarts: boolean;
  /** Where profiles are opened, one after another. */
  readonly opened: OpenAggregates;
}

/** What events of one type go into. */
export interface Folding {
  /** Series whose filter they may meet. */
  readonly series: readonly Series[];
  readonly isOfCart: boolean;
  readonly isOfOrder: boolean;
}

/** Takes an event in. `now` is the partition clock: what is older than every window is left out. */
export function foldEvent(
  plan: AggregatePlan,
  aggregates: Aggregates,
  event: Event,
  now: number,
): void {
  const { series, isOfCart, isOfOrder } = plan.byType.get(event.type) ?? plan.byAnyType;
  if (series.length === 0 && !isOfCart && !isOfOrder) return;
  const opened = openForChange(plan, aggregates);
  const occurrence = occurrenceOf(event, plan.zone);
  const tiles = tilesAt(now, plan.zone);
  for (let index = 0; index < series.length; index++) {
    const one = series[index] as Series;
    foldInto(one, opened, occurrence, tiles[one.tier] as number);
  }
  if (isOfCart) noteCart(cartsOf(opened), event);
  if (isOfOrder) {
    forgetOrders(ordersOf(opened), oldestOrderDay(plan, now));
    addReturns(plan, opened, noteOrder(ordersOf(opened), event));
  }
  close(opened, plan, aggregates);
}

/**
 * Joins the aggregates of an absorbed profile. Afterwards all tags are to be evaluated. Series that
 * the catalogue does not know any more are left behind.
 */
export function mergeInto(
  plan: AggregatePlan,
  into: Aggregates,
  { from, now }: { readonly from: Aggregates; readonly now: number },
): void {
  const other = newOpenAggregates(plan.series);
  open(other, plan, from);
  const opened = openForChange(plan, into);
  for (const { place, behaviour } of plan.series) {
    if (hasSeries(other, place)) {
      behaviour.merge(changeSeries(opened, place), seriesAt(other, place));
    }
  }
  mergeCarts(cartsOf(opened), cartsOf(other));
  forgetOrders(ordersOf(opened), oldestOrderDay(plan, now));
  forgetOrders(ordersOf(other), oldestOrderDay(plan, now));
  addReturns(plan, opened, mergeOrders(ordersOf(opened), ordersOf(other)));
  close(opened, plan, into);
}

/** Forgets what no window can see any more, and series of tags that are gone. Changes no value. */
export function pruneAggregates(plan: AggregatePlan, aggregates: Aggregates, now: number): void {
  if (isEmpty(aggregates)) return;
  const opened = openForReading(plan, aggregates);
  const tiles = tilesAt(now, plan.zone);
  const oldest = (series: Series): number => oldestKept(series, tiles[series.tier] as number);
  const old = plan.series.filter((series) => isOld(opened, series, oldest(series)));
  const isOver = {
    carts: hasOldCarts(cartsOf(opened), now),
    orders: hasOldOrders(ordersOf(opened), oldestOrderDay(plan, now)),
  };
  if (old.length === 0 && opened.unknown.length === 0 && !isOver.carts && !isOver.orders) return;
  openForChange(plan, aggregates);
  opened.unknown = [];
  for (const series of old) dropTiles(opened, series, oldest(series));
  forgetCarts(cartsOf(opened), now);
  forgetOrders(ordersOf(opened), oldestOrderDay(plan, now));
  close(opened, plan, aggregates);
}

/** For reading, good until another profile is opened. */
export function openForReading(plan: AggregatePlan, aggregates: Aggregates): OpenAggregates {
  open(plan.opened, plan, aggregates);
  return plan.opened;
}

/** Until `close`. Half done is worth nothing: should that not be reached, the profile is read again. */
function openForChange(plan: AggregatePlan, aggregates: Aggregates): OpenAggregates {
  const { opened } = plan;
  open(opened, plan, aggregates);
  opened.source = null;
  return opened;
}

function foldInto(
  series: Series,
  opened: OpenAggregates,
  occurrence: Occurrence,
  current: number,
): void {
  if (!meets(series.filter, occurrence)) return;
  const tile = tileOfOccurrence(occurrence, series.resolution);
  if (tile < oldestKept(series, current)) return;
  const state = seriesAt(opened, series.place);
  if (series.behaviour.fold(state, tile, occurrence)) state.isChanged = true;
}

function isOld(opened: OpenAggregates, series: Series, oldest: number): boolean {
  const { place, behaviour, resolution } = series;
  if (resolution === 'ever' || !hasSeries(opened, place)) return false;
  return firstNumber(opened.series[place] as SeriesState) < oldest * behaviour.perTile;
}

function dropTiles(opened: OpenAggregates, { place, behaviour }: Series, oldest: number): void {
  const state = changeSeries(opened, place);
  behaviour.forget(state, dropBefore(state.cells, oldest * behaviour.perTile));
}

/** One tile more than the rule asks for: where clocks are put back over midnight, it comes back. */
const oldestKept = ({ resolution, tilesMax }: Series, current: number): number =>
  current - tilesMax - (resolution === '1d' ? 1 : 0);

const oldestOrderDay = (plan: AggregatePlan, now: number): number =>
  Math.floor(now / DAY_MS) - plan.ordersKeptDays;

function addReturns(plan: AggregatePlan, opened: OpenAggregates, returns: readonly Return[]): void {
  for (const { at, count, money } of returns) {
    for (const series of plan.returns) {
      const amount = series.kind === 'returned_count' ? count : money;
      if (amount === 0) continue;
      const tile = tileOf(series.resolution, at, plan.zone);
      add(changeSeries(opened, series.place).cells, tile, amount);
    }
  }
}
