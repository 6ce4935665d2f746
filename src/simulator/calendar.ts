/**
 * The shop's calendar: UTC+8 all year, as in all of China. Turns milliseconds into the ISO text of
 * an event and says how busy a shop is; no clock and no `Date`, integers only.
 */
export const SECOND_MS = 1_000;
export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;
export const DAY_MS = 86_400_000;

const OFFSET_MS = 8 * HOUR_MS;
const THREE = Array.from({ length: 1_000 }, (_, n) => String(n).padStart(3, '0'));
const TWO = Array.from({ length: 60 }, (_, n) => String(n).padStart(2, '0'));

/** Percent of a day's visits that start in each hour of the shop's day. */
const HOUR_SHARES = [1, 0.5, 0.3, 0.2, 0.2, 0.5, 1, 2.5, 4, 5, 6, 6.5].concat([
  6.8, 5.5, 5, 5, 5.5, 6, 7, 8, 9, 8.5, 4.5, 1.5,
]);
/** Sunday first: relative to an average day. */
const WEEKDAY_FACTORS = [1.3, 0.85, 0.85, 0.9, 0.9, 1, 1.2];
/** The days a Chinese retailer lives for: month × 100 + day. */
const SALE_DAYS = new Map([
  [618, 2.5],
  [1111, 3],
  [1212, 1.8],
]);

let lastDay = Number.NaN;
let lastDate = '';

/** `2026-11-11T10:00:00.000+08:00`. */
export function isoAt(at: number): string {
  const local = at + OFFSET_MS;
  const day = Math.floor(local / DAY_MS);
  if (day !== lastDay) {
    lastDate = dateText(day);
    lastDay = day;
  }
  const rest = local - day * DAY_MS;
  const seconds = Math.floor(rest / SECOND_MS);
  const minutes = Math.floor(seconds / 60);
  const time = `${TWO[Math.floor(minutes / 60)]}:${TWO[minutes % 60]}:${TWO[seconds % 60]}`;
  return `${lastDate}T${time}.${THREE[rest % SECOND_MS]}+08:00`;
}

/** How much of an average day's visits falls into the hour that holds `at`. */
export function hourShare(at: number): number {
  const local = at + OFFSET_MS;
  const day = Math.floor(local / DAY_MS);
  const hour = Math.floor((local - day * DAY_MS) / HOUR_MS);
  // 1970-01-01 was a Thursday.
  const weekday = (((day + 4) % 7) + 7) % 7;
  const { month, date } = civil(day);
  const sale = SALE_DAYS.get(month * 100 + date) ?? 1;
  return ((HOUR_SHARES[hour] as number) / 100) * (WEEKDAY_FACTORS[weekday] as number) * sale;
}

export function isSaleDay(at: number): boolean {
  const { month, date } = civil(Math.floor((at + OFFSET_MS) / DAY_MS));
  return SALE_DAYS.has(month * 100 + date);
}

/** Milliseconds since the shop's midnight. */
export function timeOfDay(at: number): number {
  const local = at + OFFSET_MS;
  return local - Math.floor(local / DAY_MS) * DAY_MS;
}

function dateText(day: number): string {
  const { year, month, date } = civil(day);
  return `${String(year).padStart(4, '0')}-${TWO[month]}-${TWO[date]}`;
}

/** Days since 1970-01-01 to a date of the Gregorian calendar (Hinnant, "chrono-compatible dates"). */
function civil(day: number): { year: number; month: number; date: number } {
  const shifted = day + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1_460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  );
  const dayOfYear =
    dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    date: dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1,
  };
}
