/**
 * THE WINDOW RULE, the one place where it is written; the engine, the SQL views and the oracle of the
 * tests all follow it.
 *
 *   span          tile     number of a moment's tile                       n
 *   up to 12 h    5 min    ⌊at / 300,000⌋                                  span / 5 min
 *   up to 12 d    1 h      ⌊at / 3,600,000⌋                                span / 1 h
 *   above         1 d      ⌊(at + zone offset at that moment) / 86,400,000⌋  span / 1 d
 *   none          ever     0                                               0
 *
 * At `now`, a window holds the events with   tile(at) ≥ tile(now) − n.   There is no upper bound: an
 * event of a clock that runs ahead counts at once. So a window of 7 d covers 7 d to 7 d and an hour,
 * and the only thing that time does to it is to let its oldest tile go. `at` is the event's time in
 * ms UTC, whenever it arrived.
 *
 * Sums are exact: money in fen, other numbers in thousandths. Averages of money are rounded to whole
 * fen, shares and other averages to four decimals, halves up: ⌊x · 10⁴ + ½⌋ / 10⁴.
 */
import { DAY_MS, HOUR_MS, dayOf, startOfDayAfter, type Zone } from '../zone.ts';

export type Resolution = '5m' | '1h' | '1d' | 'ever';

/** Resolutions by number, for the hot path. */
export const TIERS: readonly Resolution[] = ['5m', '1h', '1d', 'ever'];
export const tierOf = (resolution: Resolution): number => TIERS.indexOf(resolution);

/** tile(at), by tier. */
export function tilesAt(at: number, zone: Zone): readonly number[] {
  if (at !== last.at || zone !== last.zone) {
    last.at = at;
    last.zone = zone;
    last.tiles = [Math.floor(at / TILE_5M_MS), Math.floor(at / HOUR_MS), dayOf(at, zone), 0];
  }
  return last.tiles;
}

/** Three ask for the same moment, one after another. */
const last: { at: number; zone: Zone | null; tiles: readonly number[] } = {
  at: NaN,
  zone: null,
  tiles: [],
};

export interface Span {
  readonly resolution: Resolution;
  /** n of the rule. */
  readonly tiles: number;
}

const TILE_5M_MS = 300_000;
const SPAN_5M_MAX_MS = 12 * HOUR_MS;
const SPAN_1H_MAX_MS = 12 * DAY_MS;

/** No window is longer. */
export const SPAN_MAX_MS = 1_100 * DAY_MS;

/** A window without `over`: everything ever. */
export const EVER: Span = { resolution: 'ever', tiles: 0 };

/** A day has 24 hours unless the clocks change. */
export const TILE_MS: Readonly<Record<Exclude<Resolution, 'ever'>, number>> = {
  '5m': TILE_5M_MS,
  '1h': HOUR_MS,
  '1d': DAY_MS,
};

/** undefined: the span is no whole number of its tiles, whose length is `tileMsOf`. */
export function spanOf(spanMs: number): Span | undefined {
  const resolution = resolutionOf(spanMs);
  const tiles = spanMs / TILE_MS[resolution];
  return Number.isInteger(tiles) && tiles > 0 ? { resolution, tiles } : undefined;
}

export const tileMsOf = (spanMs: number): number => TILE_MS[resolutionOf(spanMs)];

function resolutionOf(spanMs: number): Exclude<Resolution, 'ever'> {
  if (spanMs <= SPAN_5M_MAX_MS) return '5m';
  return spanMs <= SPAN_1H_MAX_MS ? '1h' : '1d';
}

export function tileOf(resolution: Resolution, at: number, zone: Zone): number {
  switch (resolution) {
    case '5m':
      return Math.floor(at / TILE_5M_MS);
    case '1h':
      return Math.floor(at / HOUR_MS);
    case '1d':
      return dayOf(at, zone);
    case 'ever':
      return 0;
  }
}

/** The first moment after `now` whose tile is `tile` or a later one. */
export function startOfTileAfter(
  now: number,
  { resolution, tile }: { readonly resolution: Resolution; readonly tile: number },
  zone: Zone,
): number {
  switch (resolution) {
    case '5m':
      return Math.max(tile * TILE_5M_MS, now + 1);
    case '1h':
      return Math.max(tile * HOUR_MS, now + 1);
    case '1d':
      return startOfDayAfter(now, tile, zone);
    case 'ever':
      return Number.MAX_SAFE_INTEGER;
  }
}
