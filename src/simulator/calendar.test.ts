import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseMoment } from '../domain/moment.ts';
import { DAY_MS, HOUR_MS, hourShare, isSaleDay, isoAt, timeOfDay } from './calendar.ts';

const at = (text: string) => Date.parse(text);

describe('the shop calendar', () => {
  it('writes moments in the time of Shanghai, as the calendar of the platform does', () => {
    expect(isoAt(at('2026-11-11T02:00:00.007Z'))).toBe('2026-11-11T10:00:00.007+08:00');
    expect(isoAt(at('2024-02-28T16:00:00Z'))).toBe('2024-02-29T00:00:00.000+08:00');
    fc.assert(
      fc.property(fc.integer({ min: 0, max: at('2200-01-01T00:00:00Z') }), (moment) => {
        const shifted = new Date(moment + 8 * HOUR_MS).toISOString();
        expect(isoAt(moment)).toBe(shifted.replace('Z', '+08:00'));
        expect(parseMoment(isoAt(moment))).toBe(moment);
      }),
    );
  });

  it('knows how late in the day it is', () => {
    expect(timeOfDay(at('2026-05-05T10:15:00+08:00'))).toBe(10.25 * HOUR_MS);
    expect(timeOfDay(at('2026-05-05T00:00:00+08:00'))).toBe(0);
  });

  it('gives a week seven average days, evenings more than nights, weekends more than Mondays', () => {
    const monday = at('2026-03-02T00:00:00+08:00');
    const hours = Array.from({ length: 7 * 24 }, (_, hour) => hourShare(monday + hour * HOUR_MS));
    const sum = (list: readonly number[]) => list.reduce((total, one) => total + one, 0);
    expect(sum(hours)).toBeCloseTo(7, 6);
    expect(hours[20]).toBeGreaterThan(20 * hours[3]!);
    expect(sum(hours.slice(-24))).toBeGreaterThan(1.4 * sum(hours.slice(0, 24)));
  });

  it('keeps the days of great sales', () => {
    const elevenEleven = at('2026-11-11T20:00:00+08:00');
    expect(isSaleDay(elevenEleven)).toBe(true);
    expect(isSaleDay(elevenEleven + DAY_MS)).toBe(false);
    expect(hourShare(elevenEleven)).toBeGreaterThan(2 * hourShare(elevenEleven + 7 * DAY_MS));
  });
});
