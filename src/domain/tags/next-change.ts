/**
 * When a profile's tags may next change by the mere passing of time: a tile leaves a window, a number
 * of days is reached that a condition asks for, a cart is taken for empty. One coalesced timer a
 * profile is set to it. Never later than the true change; earlier only where a change of windows
 * happens not to change a value (the least of a window, say).
 */
import { nextCartEnd } from '../aggregates/open-carts.ts';
import type { Series } from '../aggregates/series.ts';
import type { Aggregates, SeriesState } from '../aggregates/state.ts';
import { startOfTileAfter, tileOf, type Resolution } from '../aggregates/window.ts';
import { DAY_MS, nextReturnOfYesterday } from '../zone.ts';
import { daysSince } from './evaluate.ts';
import type { ClockTag, TagPlan } from './plan.ts';
import { rawOf, type TagValues } from './values.ts';

const TILED: readonly Exclude<Resolution, 'ever'>[] = ['5m', '1h', '1d'];

/** ms UTC, later than `now`; null: never. */
export function nextChangeAt(
  plan: TagPlan,
  aggregates: Aggregates,
  values: TagValues,
  now: number,
): number | null {
  let next = Infinity;
  for (const resolution of TILED) {
    next = Math.min(next, nextTileEdge(plan, aggregates, resolution, now));
  }
  for (const clock of plan.clocks) {
    const anchor = rawOf(values, clock.id);
    if (typeof anchor === 'number') next = Math.min(next, nextDay(clock, anchor, now));
  }
  if (plan.aggregates.hasCarts) next = Math.min(next, nextCartEnd(aggregates.carts, now) ?? next);
  return next === Infinity ? null : next;
}

function nextTileEdge(
  { aggregates: { byId, zone } }: TagPlan,
  { series: states }: Aggregates,
  resolution: Resolution,
  now: number,
): number {
  const current = tileOf(resolution, now, zone);
  let first = Infinity;
  for (const state of states) {
    const series = byId.get(state.id);
    if (series?.resolution === resolution)
      first = Math.min(first, leavingTile(series, state, current));
  }
  if (first === Infinity) return Infinity;
  const edge = startOfTileAfter(now, { resolution, tile: first }, zone);
  if (resolution !== '1d') return edge;
  return Math.min(edge, nextReturnOfYesterday(now, zone) ?? edge);
}

/** The tile that must begin for the oldest tile of a window to leave it: T ≥ now − n ends at T + n + 1. */
function leavingTile(series: Series, state: SeriesState, current: number): number {
  let first = Infinity;
  for (const tiles of series.spans) {
    const oldest = series.behaviour.oldest(state, current - tiles);
    if (oldest !== undefined) first = Math.min(first, oldest + tiles + 1);
  }
  return first;
}

function nextDay({ thresholds }: ClockTag, anchor: number, now: number): number {
  const days = daysSince(anchor, now);
  if (thresholds === 'any') return anchor + (days + 1) * DAY_MS;
  for (const threshold of thresholds) {
    if (threshold > days) return anchor + threshold * DAY_MS;
  }
  return Infinity;
}
