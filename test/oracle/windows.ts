/**
 * The window rule of `src/domain/aggregates/window.ts`, in this model's own words: a window of up to
 * 12 hours is made of tiles of 5 minutes, up to 12 days of hours, above of the shop's days; it holds
 * every event whose tile is at most n tiles older than that of now. And the shop's calendar.
 */
export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** Asia/Shanghai, which has not changed its clocks since 1991. */
const SHOP_OFFSET = 8 * HOUR;

export const dayOf = (at: number): number => Math.floor((at + SHOP_OFFSET) / DAY);
export const hourOfDay = (at: number): number => Math.floor(((at + SHOP_OFFSET) % DAY) / HOUR);
/** 1970-01-01 was a Thursday: day 2 a Saturday. */
export const isWeekend = (at: number): boolean => [2, 3].includes(dayOf(at) % 7);

const tileMsOf = (span: number): number =>
  span <= 12 * HOUR ? 5 * MINUTE : span <= 12 * DAY ? HOUR : DAY;

const tileOf = (at: number, tileMs: number): number =>
  tileMs === DAY ? dayOf(at) : Math.floor(at / tileMs);

export function isWithin(at: number, span: number, now: number): boolean {
  const tileMs = tileMsOf(span);
  return tileOf(at, tileMs) >= tileOf(now, tileMs) - span / tileMs;
}

/** The first moment at which a window that holds `at` does not hold it any more. */
export function leavesAt(at: number, span: number): number {
  const tileMs = tileMsOf(span);
  const tile = tileOf(at, tileMs) + span / tileMs + 1;
  return tile * tileMs - (tileMs === DAY ? SHOP_OFFSET : 0);
}
