/**
 * Times as exports write them, in a zone, as ms UTC. Formats are Luxon's; those made of plain numbers
 * are read by one pattern here, and an offset is looked up once a day, as Luxon takes 20 µs a time.
 * A local time that the clocks skip is moved on by the gap; of one that comes twice the first counts.
 */
import { DateTime, type Zone } from 'luxon';
import { MOMENT_END, parseMoment } from '../../domain/moment.ts';
import { nearestName } from '../../domain/nearest-name.ts';
import { DAY_MS, HOUR_MS } from '../../domain/zone.ts';

export interface TimeFormat {
  /** `iso`, `s`, `ms`, or Luxon's letters. */
  readonly format: string;
  readonly zone: string | null;
  readonly locale: string;
}

export interface TimeFault {
  readonly field: 'format' | 'zone' | 'locale';
  readonly message: string;
  readonly suggestion?: string | undefined;
}

/** Parses a cell; null if it is no time of this format. */
export type TimeReader = (text: string) => number | null;

export function createTimeReader({ format, zone, locale }: TimeFormat): TimeReader {
  const toUtc = zone === null ? null : localClock(zoneNamed(zone));
  const read = readerOf(format, toUtc) ?? luxonReader({ format, zone, locale });
  return (text) => {
    const at = read(text);
    return at !== null && at >= 0 && at < MOMENT_END ? at : null;
  };
}

/** Why a format cannot be used; undefined: it can. */
export function findTimeFault({ format, zone, locale }: TimeFormat): TimeFault | undefined {
  if (zone !== null && !isZone(zone)) {
    const suggestion = nearestName(zone, Intl.supportedValuesOf('timeZone'));
    const message = 'This is no time zone; write one such as Asia/Shanghai or UTC+8.';
    return { field: 'zone', message, suggestion };
  }
  try {
    new Intl.DateTimeFormat(locale);
  } catch {
    return { field: 'locale', message: 'This is no language; write one such as zh-CN or en-US.' };
  }
  if (format === 's' || format === 'ms' || format === 'iso') return undefined;
  if (!readsBack({ format, zone, locale })) {
    const meant = format.replaceAll('Y', 'y').replaceAll('D', 'd').replaceAll('A', 'a');
    const isBetter = meant !== format && readsBack({ format: meant, zone, locale });
    const message = 'This format is not sound; its letters are as in yyyy-MM-dd HH:mm:ss.';
    return { field: 'format', message, suggestion: isBetter ? meant : undefined };
  }
  if (zone !== null || /Z|z/.test(format)) return undefined;
  return { field: 'zone', message: 'The times have no zone: write zone: Asia/Shanghai, or yours.' };
}

/** The machine's own zone would make a file mean something else elsewhere. */
const isZone = (zone: string): boolean =>
  !/^(local|system|default)$/i.test(zone.trim()) && zoneNamed(zone).isValid;

const zoneNamed = (zone: string): Zone => DateTime.fromMillis(0, { zone }).zone;

/**
 * Letters of other systems mean something else to Luxon: a format is sound if it reads back what it
 * wrote, to the minute if it has minutes, and has none of the letters that often stand for others.
 */
function readsBack({ format, zone, locale }: TimeFormat): boolean {
  const letters = format.replaceAll(/'[^']*'/g, '').match(/([A-Za-z])\1*/g) ?? [];
  const kinds = letters.map((piece) => piece.charAt(0));
  if (/[YD]/.test(kinds.join('')) || new Set(kinds).size < kinds.length) return false;
  const options = { zone: zone ?? 'utc', locale };
  const sample = { year: 2021, month: 11, day: 23, hour: 13, minute: 47 };
  const written = DateTime.fromObject(sample, options);
  const read = DateTime.fromFormat(written.toFormat(format), format, options);
  const unit = kinds.includes('m')
    ? 'minute'
    : kinds.some((one) => /h/i.test(one))
      ? 'hour'
      : 'day';
  return read.isValid && read.hasSame(written, unit);
}

type LocalToUtc = (localMs: number) => number;

function readerOf(format: string, toUtc: LocalToUtc | null): TimeReader | null {
  if (format === 's')
    return (text) => (/^\d{9,10}(\.\d+)?$/.test(text) ? Number(text) * 1000 : null);
  if (format === 'ms') return (text) => (/^\d{12,13}$/.test(text) ? Number(text) : null);
  if (format === 'iso') return isoReader(toUtc);
  return numericReader(format, toUtc);
}

function isoReader(toUtc: LocalToUtc | null): TimeReader {
  return (text) => {
    const at = parseMoment(text);
    if (typeof at === 'number') return at;
    if (at !== 'no_zone' || toUtc === null) return null;
    const local = parseMoment(text.length === 10 ? `${text}T00:00Z` : `${text}Z`);
    return typeof local === 'number' ? toUtc(local) : null;
  };
}

const luxonReader =
  ({ format, zone, locale }: TimeFormat): TimeReader =>
  (text) => {
    const time = DateTime.fromFormat(text, format, { zone: zone ?? 'utc', locale });
    return time.isValid ? time.toMillis() : null;
  };

type Part = 'year' | 'month' | 'day' | 'hour' | 'minute' | 'second' | 'ms' | 'offset';

const NUMERIC: ReadonlyMap<string, readonly [Part, string]> = new Map([
  ['yyyy', ['year', '(\\d{4})']],
  ['M', ['month', '(\\d{1,2})']],
  ['MM', ['month', '(\\d{2})']],
  ['d', ['day', '(\\d{1,2})']],
  ['dd', ['day', '(\\d{2})']],
  ['H', ['hour', '(\\d{1,2})']],
  ['HH', ['hour', '(\\d{2})']],
  ['m', ['minute', '(\\d{1,2})']],
  ['mm', ['minute', '(\\d{2})']],
  ['s', ['second', '(\\d{1,2})']],
  ['ss', ['second', '(\\d{2})']],
  ['SSS', ['ms', '(\\d{3})']],
  ['ZZ', ['offset', '([+-]\\d{2}:\\d{2})']],
  ['ZZZ', ['offset', '([+-]\\d{4})']],
]);

/** null: the format has more than plain numbers. */
function numericReader(format: string, toUtc: LocalToUtc | null): TimeReader | null {
  const pieces = format.match(/([A-Za-z])\1*|[^A-Za-z]+/g) ?? [];
  const places = new Map<Part, number>();
  let source = '';
  for (const piece of pieces) {
    const known = NUMERIC.get(piece);
    if (known === undefined && /[A-Za-z']/.test(piece)) return null;
    if (known !== undefined && places.has(known[0])) return null;
    if (known !== undefined) places.set(known[0], places.size + 1);
    source += known?.[1] ?? piece.replaceAll(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
  }
  const pattern = new RegExp(`^${source}$`, 'u');
  const offsetAt = places.get('offset');
  const read = fieldsReader(places);
  return (text) => {
    const match = pattern.exec(text);
    const local = match === null ? null : read(match);
    if (match === null || local === null) return null;
    if (offsetAt !== undefined) return local - offsetMsOf(match[offsetAt] ?? '');
    return toUtc === null ? null : toUtc(local);
  };
}

/** `+0800` or `+08:00`. */
const offsetMsOf = (text: string): number => {
  const minutes = Number(text.slice(1, 3)) * 60 + Number(text.slice(-2));
  return (text.startsWith('-') ? -minutes : minutes) * 60_000;
};

/** Time as if it were UTC; null where the calendar or the clock has no such time. */
function fieldsReader(
  places: ReadonlyMap<Part, number>,
): (match: readonly string[]) => number | null {
  const of = (part: Part, missing: string): ((match: readonly string[]) => number) => {
    const place = places.get(part) ?? -1;
    return (match) => Number(match[place] ?? missing);
  };
  const [year, month, day] = [of('year', 'none'), of('month', 'none'), of('day', 'none')];
  const [hour, minute, second, ms] = [
    of('hour', '0'),
    of('minute', '0'),
    of('second', '0'),
    of('ms', '0'),
  ];
  return (match) => {
    if (!(year(match) >= 1000) || hour(match) > 23 || minute(match) > 59 || second(match) > 59) {
      return null;
    }
    const date = Date.UTC(year(match), month(match) - 1, day(match));
    const isDate =
      month(match) >= 1 && month(match) <= 12 && new Date(date).getUTCDate() === day(match);
    if (!isDate) return null;
    return date + ((hour(match) * 60 + minute(match)) * 60 + second(match)) * 1000 + ms(match);
  };
}

const DAYS_MAX = 10_000;
/** Zones lie within 14 hours of UTC, and two days with the same offset around one have it between. */
const REACH_MS = 15 * HOUR_MS;

function localClock(zone: Zone): LocalToUtc {
  /** Local day → its offset, NaN on days near a change of the clocks. */
  const offsets = new Map<number, number>();
  return (localMs) => {
    const day = Math.floor(localMs / DAY_MS);
    let offsetMs = offsets.get(day);
    if (offsetMs === undefined) {
      const before = zone.offset(day * DAY_MS - REACH_MS);
      const after = zone.offset((day + 1) * DAY_MS + REACH_MS);
      offsetMs = before === after ? before * 60_000 : NaN;
      if (offsets.size >= DAYS_MAX) offsets.clear();
      offsets.set(day, offsetMs);
    }
    if (!Number.isNaN(offsetMs)) return localMs - offsetMs;
    return DateTime.fromMillis(localMs, { zone: 'utc' })
      .setZone(zone, { keepLocalTime: true })
      .toMillis();
  };
}
