/**
 * When a profile's tags may next change by the mere passing of time: a tile leaves a window, a number
 * of days is reached that a condition asks for, a cart is taken for empty. One coalesced timer a
 * profile is set to it. Never later than the true change; earlier only where a change of windows
 * happens not to change a value (the least of a window, say).
 */
import { nextCartEnd } from '../aggregates/open-carts.ts';
import { openForReading, type AggregatePlan } from '../aggregates/aggregates.ts';
import {
  cartsOf,
  hasSeries,
  seriesAt,
  type OpenAggregates,
} from '../aggregates/open-aggregates.ts';
import type { Series } from '../aggregates/series.ts';
import { firstNumber, type SeriesState } from '../aggregates/series-state.ts';
import { firstFrom } from '../aggregates/cells.ts';
import type { Aggregates } from '../aggregates/state.ts';
import { startOfTileAfter, TIERS, tilesAt, type Resolution } from '../aggregates/window.ts';
import { DAY_MS, nextReturnOfYesterday } from '../zone.ts';
import { daysSince, openTagValues, rawAt } from './evaluate.ts';
import type { ClockTag, TagPlan, Touched } from './plan.ts';
import type { TagValues } from './values.ts';

/** What is known from before an event: it saves looking at windows that the event did not touch. */
export interface Since {
  readonly touched: Touched;
  /** What was answered before the event, if `now` has not reached it. */
  readonly before: number | null;
}

/** ms UTC, later than `now`; null: never. */
export function nextChangeAt(
  plan: TagPlan,
  aggregates: Aggregates,
  values: TagValues,
  now: number,
  since?: Since,
): number | null {
  const { aggregates: windows } = plan;
  const opened = openForReading(windows, aggregates);
  const isKnown = since !== undefined && (since.before ?? Infinity) > now;
  const series = isKnown ? since.touched.series : windows.series;
  let next = nextTileEdge(windows, opened, series, now);
  if (isKnown) next = Math.min(next, since.before ?? next);
  openTagValues(plan, values);
  for (const clock of plan.clocks) {
    const anchor = rawAt(plan, clock.index);
    if (typeof anchor === 'number') next = Math.min(next, nextDay(clock, anchor, now));
  }
  if (windows.hasCarts && (!isKnown || since.touched.hasCart))
    next = Math.min(next, nextCartEnd(cartsOf(opened), now) ?? next);
  return next === Infinity ? null : next;
}

function nextTileEdge(
  { zone }: AggregatePlan,
  opened: OpenAggregates,
  series: readonly Series[],
  now: number,
): number {
  const tiles = tilesAt(now, zone);
  first.fill(Infinity);
  for (let index = 0; index < series.length; index++) {
    const one = series[index] as Series;
    if (one.resolution === 'ever' || !hasSeries(opened, one.place)) continue;
    const leaving = leavingTile(one, opened, tiles[one.tier] as number);
    if (leaving < (first[one.tier] as number)) first[one.tier] = leaving;
  }
  let next = Infinity;
  for (let tier = 0; tier < TIERS.length; tier++) {
    const resolution = TIERS[tier] as Resolution;
    const tile = first[tier] as number;
    if (tile === Infinity) continue;
    next = Math.min(next, startOfTileAfter(now, { resolution, tile }, zone));
    if (resolution === '1d') next = Math.min(next, nextReturnOfYesterday(now, zone) ?? next);
  }
  return next;
}

/** The first tile to leave a window, by tier; written over for every profile. */
const first = new Float64Array(TIERS.length);

/** The tile that must begin for the oldest tile of a window to leave it: T ≥ now − n ends at T + n + 1. */
function leavingTile(series: Series, opened: OpenAggregates, current: number): number {
  const { spans, place, behaviour } = series;
  const { perTile } = behaviour;
  const oldest = firstNumber(opened.series[place] as SeriesState);
  let leaving = Infinity;
  for (let index = 0; index < spans.length; index++) {
    const tiles = spans[index] as number;
    const from = (current - tiles) * perTile;
    // Longer windows have the same oldest tile, and keep it longer. Known without reading the others.
    if (oldest >= from) return Math.min(leaving, Math.floor(oldest / perTile) + tiles + 1);
    const number = firstFrom(seriesAt(opened, place).cells, from);
    if (number === undefined) continue;
    leaving = Math.min(leaving, Math.floor(number / perTile) + tiles + 1);
  }
  return leaving;
}

function nextDay({ thresholds }: ClockTag, anchor: number, now: number): number {
  const days = daysSince(anchor, now);
  if (thresholds === 'any') return anchor + (days + 1) * DAY_MS;
  for (const threshold of thresholds) {
    if (threshold > days) return anchor + threshold * DAY_MS;
  }
  return Infinity;
}
