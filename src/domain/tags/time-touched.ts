/**
 * What the passing of time moved: the tags to evaluate again when a profile asked to be looked at.
 * Most often it is one window of many that let a tile go.
 */
import { openForReading } from '../aggregates/aggregates.ts';
import { firstFrom } from '../aggregates/cells.ts';
import { nextCartEnd } from '../aggregates/open-carts.ts';
import {
  cartsOf,
  hasSeries,
  seriesAt,
  type OpenAggregates,
} from '../aggregates/open-aggregates.ts';
import type { Series } from '../aggregates/series.ts';
import { firstNumber, type SeriesState } from '../aggregates/series-state.ts';
import type { Aggregates } from '../aggregates/state.ts';
import { daysSince, openTagValues, rawAt } from './evaluate.ts';
import { withReaders, type ClockTag, type TagPlan, type Touched } from './plan.ts';
import { tilesAt } from '../aggregates/window.ts';
import type { TagValues } from './values.ts';

/** From when the values were right to when they are to be. */
export interface Passed {
  readonly since: number;
  readonly now: number;
}

export function touchedByTime(
  plan: TagPlan,
  { aggregates, values }: { readonly aggregates: Aggregates; readonly values: TagValues },
  { since, now }: Passed,
): Touched {
  const { aggregates: windows } = plan;
  const opened = openForReading(windows, aggregates);
  const before = tilesAt(since, windows.zone);
  const after = tilesAt(now, windows.zone);
  const series: Series[] = [];
  const moved = new Set<number>();
  for (const one of windows.series) {
    const [was, is] = [before[one.tier] as number, after[one.tier] as number];
    if (was === is || !lostTile(opened, one, { before: was, after: is })) continue;
    series.push(one);
    for (const place of plan.readers[one.place] ?? []) moved.add(place);
  }
  const cartEnd = windows.hasCarts ? nextCartEnd(cartsOf(opened), since) : null;
  const hasCart = cartEnd !== null && cartEnd <= now;
  for (const place of hasCart ? plan.cartTags : []) moved.add(place);
  openTagValues(plan, values);
  for (const clock of plan.clocks) {
    const anchor = rawAt(plan, clock.index);
    if (typeof anchor === 'number' && reached(clock, anchor, { since, now }))
      moved.add(clock.index);
  }
  return { tags: withReaders(plan.tags, moved), series, hasCart, isByTime: true };
}

/** Did a window of the series change between the two current tiles? Also where clocks go back. */
function lostTile(
  opened: OpenAggregates,
  { place, spans, behaviour }: Series,
  { before, after }: { readonly before: number; readonly after: number },
): boolean {
  if (!hasSeries(opened, place)) return false;
  const { perTile } = behaviour;
  const first = firstNumber(opened.series[place] as SeriesState);
  for (const tiles of spans) {
    const from = (Math.min(before, after) - tiles) * perTile;
    const to = (Math.max(before, after) - tiles) * perTile;
    if (first >= to) continue;
    if (first >= from) return true;
    const number = firstFrom(seriesAt(opened, place).cells, from);
    if (number !== undefined && number < to) return true;
  }
  return false;
}

function reached({ thresholds }: ClockTag, anchor: number, { since, now }: Passed): boolean {
  const [before, after] = [daysSince(anchor, since), daysSince(anchor, now)];
  if (thresholds === 'any') return before !== after;
  return thresholds.some((days) => days > before && days <= after);
}
