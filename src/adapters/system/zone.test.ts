import { describe, expect, it } from 'vitest';
import { zoneOf } from './zone.ts';

const HOUR_MS = 3_600_000;

describe('a time zone', () => {
  it.each([
    ['Asia/Shanghai', '2026-06-01T00:00:00Z', 8],
    ['Asia/Shanghai', '1988-07-01T00:00:00Z', 9],
    ['UTC', '2026-06-01T00:00:00Z', 0],
    ['Europe/London', '2026-03-29T00:59:59.999Z', 0],
    ['Europe/London', '2026-03-29T01:00:00Z', 1],
    ['Europe/London', '2026-10-25T01:00:00Z', 0],
    ['America/New_York', '2026-03-08T06:59:59Z', -5],
    ['America/New_York', '2026-03-08T07:00:00Z', -4],
    ['Asia/Kolkata', '2026-01-01T00:00:00Z', 5.5],
  ])('%s at %s is %d hours from UTC', (name, at, hours) => {
    expect(zoneOf(name).offsetAt(Date.parse(at))).toBe(hours * HOUR_MS);
  });

  it('that does not exist is refused by name', () => {
    expect(() => zoneOf('Mars/Olympus')).toThrow('Mars/Olympus');
  });
});
