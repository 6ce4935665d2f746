/**
 * The shop's calendar: local days and hours from an injected offset. Offsets change over the year in
 * some zones; a local day then has 23 or 25 hours, and an hour may come twice.
 */
export const HOUR_MS = 3_600_000;
export const DAY_MS = 86_400_000;

export interface Zone {
  /** What to add to UTC to get local time, ms; constant between two changes of the clocks. */
  offsetAt(at: number): number;
}

export const fixedZone = (offsetMs: number): Zone => ({ offsetAt: () => offsetMs });

export const UTC: Zone = fixedZone(0);

/** Local days since 1970-01-01. */
export const dayOf = (at: number, zone: Zone): number =>
  Math.floor((at + zone.offsetAt(at)) / DAY_MS);

/** 0–23. */
export const hourOf = (at: number, zone: Zone): number =>
  Math.floor(modulo(at + zone.offsetAt(at), DAY_MS) / HOUR_MS);

/** 0 is Monday. 1970-01-01 was a Thursday. */
export const weekdayOf = (day: number): number => modulo(day + 3, 7);

/** The first moment after `now` that lies in the local day `day` or a later one. */
export function startOfDayAfter(now: number, day: number, zone: Zone): number {
  const local = day * DAY_MS;
  const before = zone.offsetAt(local - ZONES_REACH_MS);
  const after = zone.offsetAt(local + ZONES_REACH_MS);
  if (before === after) return Math.max(local - before, now + 1);
  const changedAt = changeOfOffset(local - ZONES_REACH_MS, local + ZONES_REACH_MS, zone);
  // Midnight by the old clock if it still ran then, else by the new one, else the leap over it.
  const starts = [local - before, local - after, changedAt].filter((at) => {
    return at > now && dayOf(at, zone) >= day && dayOf(at - 1, zone) < day;
  });
  return starts.length === 0 ? now + 1 : Math.min(...starts);
}

/**
 * Clocks may be put back over midnight: for an hour it is yesterday again. The next moment within
 * `SHIFT_MAX_MS` at which that happens, or null.
 */
export function nextReturnOfYesterday(now: number, zone: Zone): number | null {
  const end = now + SHIFT_MAX_MS;
  if (zone.offsetAt(now) <= zone.offsetAt(end)) return null;
  const changedAt = changeOfOffset(now, end, zone);
  return dayOf(changedAt, zone) < dayOf(changedAt - 1, zone) ? changedAt : null;
}

/** Zones lie between −12 and +14 hours; clocks change at most once within a day of a midnight. */
const ZONES_REACH_MS = 38 * HOUR_MS;
const SHIFT_MAX_MS = 3 * HOUR_MS;

/** The first moment with the offset of `end`, where it differs from that of `start`. */
function changeOfOffset(start: number, end: number, zone: Zone): number {
  const old = zone.offsetAt(start);
  let [low, high] = [start, end];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (zone.offsetAt(middle) === old) low = middle;
    else high = middle;
  }
  return high;
}

const modulo = (value: number, by: number): number => ((value % by) + by) % by;
