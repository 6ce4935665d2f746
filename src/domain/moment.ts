/**
 * Moments at the edge: ISO 8601 text with a zone becomes milliseconds UTC. The calendar is computed
 * here, as the domain knows no clock and `Date` guesses: it takes a time without zone for local
 * time and the 31st of April for the 1st of May.
 */
import { unitAt } from './unit-at.ts';
/** The first moment of the year 10000. */
export const MOMENT_END = 253_402_300_800_000;

export type MomentFault = 'not_iso' | 'no_zone' | 'no_such_time' | 'out_of_range';

const DAY_MS = 86_400_000;

/**
 * `2026-11-11T10:00:00.123+08:00`: seconds and fraction may be missing, the T may be a space, the
 * zone is `Z`, `+08:00`, `+0800` or `+08`. Fractions of a millisecond are cut off; the leap second
 * :60 is the next second. Read by character: a pattern costs three times as much.
 */
export function parseMoment(text: string): number | MomentFault {
  const day = readDay(text);
  if (day === NONE) return 'not_iso';
  if (text.length === 10) return 'no_zone';
  const hour = readDigits(text, 11, 2);
  const minute = readDigits(text, 14, 2);
  const mark = text.charAt(10);
  if (hour === NONE || minute === NONE || text.charAt(13) !== ':') return 'not_iso';
  if (mark !== 'T' && mark !== ' ' && mark !== 't') return 'not_iso';
  const hasSeconds = text.charAt(16) === ':';
  const second = hasSeconds ? readDigits(text, 17, 2) : 0;
  if (second === NONE) return 'not_iso';
  const fractionEnd = hasSeconds ? endOfFraction(text, 19) : 16;
  const fractionMs = fractionEnd > 20 ? readFractionMs(text, 20, fractionEnd) : 0;
  const offsetMs = readZoneMs(text, fractionEnd);
  if (typeof offsetMs === 'string') return offsetMs;
  if (day < -DAYS_MAX || hour > 23 || minute > 59 || second > 60) return 'no_such_time';
  const moment = day * DAY_MS + ((hour * 60 + minute) * 60 + second) * 1000 + fractionMs - offsetMs;
  return moment >= 0 && moment < MOMENT_END ? moment : 'out_of_range';
}

const NONE = -1e9;
const NO_SUCH_DAY = -1e8;
const DAYS_MAX = 1e7;

/** Days since 1970. */
function readDay(text: string): number {
  const year = readDigits(text, 0, 4);
  const month = readDigits(text, 5, 2);
  const day = readDigits(text, 8, 2);
  if (year === NONE || month === NONE || day === NONE) return NONE;
  if (text.charAt(4) !== '-' || text.charAt(7) !== '-') return NONE;
  if (month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) return NO_SUCH_DAY;
  return daysSince1970(year, month, day);
}

function readDigits(text: string, from: number, count: number): number {
  let number = 0;
  for (let i = from; i < from + count; i++) {
    const digit = unitAt(text, i) - 48;
    if (!(digit >= 0 && digit <= 9)) return NONE;
    number = number * 10 + digit;
  }
  return number;
}

/** Where the fraction ends that may begin at `from`, with its point; `from` if there is none. */
function endOfFraction(text: string, from: number): number {
  const point = text.charAt(from);
  if (point !== '.' && point !== ',') return from;
  let end = from + 1;
  while (readDigits(text, end, 1) !== NONE) end++;
  return end === from + 1 ? from : end;
}

function readFractionMs(text: string, from: number, end: number): number {
  let ms = 0;
  for (let i = from; i < from + 3; i++) ms = ms * 10 + (i < end ? text.charCodeAt(i) - 48 : 0);
  return ms;
}

/** Zones reach from −12:00 to +14:00. */
function readZoneMs(text: string, from: number): number | MomentFault {
  const sign = text.charAt(from);
  if (sign === '') return 'no_zone';
  if (sign === 'Z' || sign === 'z') return text.length === from + 1 ? 0 : 'not_iso';
  if (sign !== '+' && sign !== '-') return 'not_iso';
  const hours = readDigits(text, from + 1, 2);
  const colon = text.charAt(from + 3) === ':' ? 1 : 0;
  const isShort = text.length === from + 3;
  const minutes = isShort ? 0 : readDigits(text, from + 3 + colon, 2);
  if (hours === NONE || minutes === NONE) return 'not_iso';
  if (!isShort && text.length !== from + 5 + colon) return 'not_iso';
  if (hours > 14 || minutes > 59) return 'no_such_time';
  return (sign === '-' ? -1 : 1) * (hours * 60 + minutes) * 60_000;
}

/** Of the civil calendar, in years that begin in March, so that the leap day is a year's last. */
function daysSince1970(year: number, month: number, day: number): number {
  const marchYear = month > 2 ? year : year - 1;
  const yearDay = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1;
  const leapDays =
    Math.floor(marchYear / 4) - Math.floor(marchYear / 100) + Math.floor(marchYear / 400);
  return marchYear * 365 + leapDays + yearDay - 719_468;
}

function daysIn(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** `2026-11-11T02:00:00.123Z`, of a moment between 1970 and 9999. */
export function formatMoment(moment: number): string {
  const days = Math.floor(moment / DAY_MS);
  const ms = moment - days * DAY_MS;
  const clock = [
    Math.floor(ms / 3_600_000),
    Math.floor(ms / 60_000) % 60,
    Math.floor(ms / 1000) % 60,
  ];
  return `${formatDay(days)}T${clock.map(pad2).join(':')}.${String(ms % 1000).padStart(3, '0')}Z`;
}

/** The inverse of `daysSince1970`: eras of 400 years have 146,097 days (Howard Hinnant's algorithm). */
function formatDay(days: number): string {
  const sinceMarch = days + 719_468;
  const era = Math.floor(sinceMarch / 146_097);
  const ofEra = sinceMarch - era * 146_097;
  const leaps =
    Math.floor(ofEra / 1_460) - Math.floor(ofEra / 36_524) + Math.floor(ofEra / 146_096);
  const yearOfEra = Math.floor((ofEra - leaps) / 365);
  const ofYear =
    ofEra - (yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const fromMarch = Math.floor((5 * ofYear + 2) / 153);
  const month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  const day = ofYear - Math.floor((153 * fromMarch + 2) / 5) + 1;
  return `${String(year).padStart(4, '0')}-${pad2(month)}-${pad2(day)}`;
}

const pad2 = (number: number): string => String(number).padStart(2, '0');
