import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MOMENT_END, parseMoment, formatMoment } from './moment.ts';

describe('a moment in ISO 8601', () => {
  it.each([
    ['2026-11-11T10:00:00+08:00', '2026-11-11T02:00:00.000Z'],
    ['2026-11-11T02:00:00Z', '2026-11-11T02:00:00.000Z'],
    ['2026-11-11 10:00+0800', '2026-11-11T02:00:00.000Z'],
    ['2026-11-11t10:00:00.5+08', '2026-11-11T02:00:00.500Z'],
    ['2026-11-10T22:30:15.123456789-03:30', '2026-11-11T02:00:15.123Z'],
    ['2024-02-29T23:59:60Z', '2024-03-01T00:00:00.000Z'],
    ['2000-02-29T00:00:00,25z', '2000-02-29T00:00:00.250Z'],
    ['1970-01-01T08:00:00+08:00', '1970-01-01T00:00:00.000Z'],
    ['9999-12-31T23:59:59.999Z', '9999-12-31T23:59:59.999Z'],
  ])('%s is %s', (text, utc) => {
    expect(parseMoment(text)).toBe(Date.parse(utc));
  });

  it.each([
    ['2026-11-11', 'no_zone'],
    ['2026-11-11T10:00:00', 'no_zone'],
    ['2026-11-11T10:00:00.5', 'no_zone'],
    ['2026-04-31T10:00:00Z', 'no_such_time'],
    ['2025-02-29T10:00:00Z', 'no_such_time'],
    ['1900-02-29T10:00:00Z', 'no_such_time'],
    ['2026-13-01T10:00:00Z', 'no_such_time'],
    ['2026-00-10T10:00:00Z', 'no_such_time'],
    ['2026-11-11T24:00:00Z', 'no_such_time'],
    ['2026-11-11T10:60:00Z', 'no_such_time'],
    ['2026-11-11T10:00:00+15:00', 'no_such_time'],
    ['1969-12-31T23:59:59Z', 'out_of_range'],
    ['1970-01-01T00:00:00+08:00', 'out_of_range'],
    ['9999-12-31T23:59:59-01:00', 'out_of_range'],
    ['10000-01-01T00:00:00Z', 'not_iso'],
    ['+010000-01-01T00:00:00Z', 'not_iso'],
    ['11/11/2026 10:00', 'not_iso'],
    ['2026-11-11T10:00:00.Z', 'not_iso'],
    ['2026-11-11T10:00:00Z junk', 'not_iso'],
    ['2026-11-11T10:00:00+8', 'not_iso'],
    ['2026-11-11T10Z', 'not_iso'],
    ['２０２６-11-11T10:00:00Z', 'not_iso'],
    ['', 'not_iso'],
    ['yesterday', 'not_iso'],
  ])('%j is none: %s', (text, why) => {
    expect(parseMoment(text)).toBe(why);
  });

  it('is read in every zone as a calendar that knows all leap years reads it', () => {
    const at = fc.integer({ min: 0, max: MOMENT_END - 1 });
    const zone = fc.integer({ min: -12 * 60, max: 14 * 60 });
    fc.assert(
      fc.property(at, zone, (moment, offset) => {
        const local = new Date(moment + offset * 60_000).toISOString().slice(0, -1);
        fc.pre(local.length === 23);
        const sign = offset < 0 ? '-' : '+';
        const hours = String(Math.floor(Math.abs(offset) / 60)).padStart(2, '0');
        const minutes = String(Math.abs(offset) % 60).padStart(2, '0');
        expect(parseMoment(`${local}${sign}${hours}:${minutes}`)).toBe(moment);
      }),
      { numRuns: 2000 },
    );
  });

  it('is written as every calendar writes it', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: MOMENT_END - 1 }), (moment) => {
        expect(formatMoment(moment)).toBe(new Date(moment).toISOString());
      }),
      { numRuns: 2000 },
    );
  });
});
