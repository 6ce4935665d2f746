import { describe, expect, it } from 'vitest';
import { DAY, HOUR, zoneOf } from './tags/fixtures.contract.ts';
import {
  dayOf,
  fixedZone,
  hourOf,
  nextReturnOfYesterday,
  startOfDayAfter,
  UTC,
  weekdayOf,
} from './zone.ts';

const SHANGHAI = fixedZone(8 * HOUR);
const NEW_YORK = zoneOf('America/New_York');
const SANTIAGO = zoneOf('America/Santiago');
const CAIRO = zoneOf('Africa/Cairo');

const at = (text: string) => Date.parse(text);
const dayOfDate = (text: string) => Date.parse(`${text}T00:00:00Z`) / DAY;

describe('a local day', () => {
  it.each([
    ['2026-11-10T15:59:59.999Z', SHANGHAI, '2026-11-10', 23],
    ['2026-11-10T16:00:00Z', SHANGHAI, '2026-11-11', 0],
    ['1969-12-31T23:00:00Z', UTC, '1969-12-31', 23],
    ['2026-03-08T06:59:59Z', NEW_YORK, '2026-03-08', 1],
    ['2026-03-08T07:00:00Z', NEW_YORK, '2026-03-08', 3],
    ['2026-11-01T05:30:00Z', NEW_YORK, '2026-11-01', 1],
    ['2026-11-01T06:30:00Z', NEW_YORK, '2026-11-01', 1],
  ])('at %s is told by the clock on the wall', (moment, zone, date, hour) => {
    expect(dayOf(at(moment), zone)).toBe(dayOfDate(date));
    expect(hourOf(at(moment), zone)).toBe(hour);
  });

  it.each([
    ['2026-11-09', 0],
    ['2026-11-14', 5],
    ['2026-11-15', 6],
    ['1970-01-01', 3],
    ['1969-12-29', 0],
  ])('%s has weekday %i, Monday being 0', (date, weekday) => {
    expect(weekdayOf(dayOfDate(date))).toBe(weekday);
  });
});

describe('the start of a local day', () => {
  it.each([
    ['2026-11-11', SHANGHAI, '2026-11-10T16:00:00Z'],
    ['2026-03-08', NEW_YORK, '2026-03-08T05:00:00Z'],
    ['2026-03-09', NEW_YORK, '2026-03-09T04:00:00Z'],
    ['2026-11-01', NEW_YORK, '2026-11-01T04:00:00Z'],
    ['2026-11-02', NEW_YORK, '2026-11-02T05:00:00Z'],
    // Clocks go from 24:00 to 1:00: the day begins at one.
    ['2026-09-06', SANTIAGO, '2026-09-06T04:00:00Z'],
    ['2026-04-24', CAIRO, '2026-04-23T22:00:00Z'],
  ])('%s is when its first moment is', (date, zone, start) => {
    const found = startOfDayAfter(at(start) - 20 * HOUR, dayOfDate(date), zone);
    expect(new Date(found).toISOString()).toBe(new Date(at(start)).toISOString());
    expect(dayOf(found, zone)).toBeGreaterThanOrEqual(dayOfDate(date));
    expect(dayOf(found - 1, zone)).toBeLessThan(dayOfDate(date));
  });

  it('is by the new clock where the clocks go back at its midnight', () => {
    // Santiago, 5 April 2026: at 03:00Z, 24:00 by summer time, it becomes 23:00 by winter time.
    const sunday = dayOfDate('2026-04-05');
    const first = startOfDayAfter(at('2026-04-05T02:00:00Z'), sunday, SANTIAGO);
    expect(new Date(first).toISOString()).toBe('2026-04-05T04:00:00.000Z');
  });

  it('is told from an hour that comes twice over midnight', () => {
    // A made-up zone: at noon UTC, which is midnight there, the clocks go back an hour.
    const back = 20_000 * DAY + 12 * HOUR + HOUR / 2;
    const zone = { offsetAt: (moment: number) => (moment < back ? 12 : 11) * HOUR };
    const day = 20_001;
    const first = 20_000 * DAY + 12 * HOUR;
    expect(startOfDayAfter(first - HOUR, day, zone)).toBe(first);
    expect(nextReturnOfYesterday(first, zone)).toBe(back);
    expect(dayOf(back - 1, zone)).toBe(day);
    expect(dayOf(back, zone)).toBe(day - 1);
    expect(startOfDayAfter(back, day, zone)).toBe(first + HOUR);
    expect(nextReturnOfYesterday(back, zone)).toBeNull();
  });
});
