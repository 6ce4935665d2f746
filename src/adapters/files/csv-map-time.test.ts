import { DateTime } from 'luxon';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createTimeReader, findTimeFault } from './csv-map-time.ts';

const SHANGHAI = { zone: 'Asia/Shanghai', locale: 'en-US' };
const at = (iso: string): number => Date.parse(iso);

describe('a time in a file', () => {
  it.each([
    ['yyyy-MM-dd HH:mm:ss', '2026-03-08 09:05:01', '2026-03-08T09:05:01+08:00'],
    ['yyyy/M/d H:mm', '2026/3/8 9:05', '2026-03-08T09:05:00+08:00'],
    ['yyyy年M月d日 HH:mm', '2026年3月8日 09:05', '2026-03-08T09:05:00+08:00'],
    ['dd.MM.yyyy', '08.03.2026', '2026-03-08T00:00:00+08:00'],
    ['yyyyMMddHHmmss', '20260308090501', '2026-03-08T09:05:01+08:00'],
    ['yyyy-MM-dd HH:mm:ss.SSS', '2026-03-08 09:05:01.250', '2026-03-08T09:05:01.250+08:00'],
    ['yyyy-MM-dd HH:mm:ss ZZZ', '2026-03-08 09:05:01 -0500', '2026-03-08T09:05:01-05:00'],
    ["yyyy-MM-dd'T'HH:mm", '2026-03-08T09:05', '2026-03-08T09:05:00+08:00'],
    ['MMM d, yyyy h:mm a', 'Mar 8, 2026 9:05 PM', '2026-03-08T21:05:00+08:00'],
    ['iso', '2026-03-08T09:05:01Z', '2026-03-08T09:05:01Z'],
    ['iso', '2026-03-08 09:05:01', '2026-03-08T09:05:01+08:00'],
    ['iso', '2026-03-08', '2026-03-08T00:00:00+08:00'],
    ['s', '1772931901', '2026-03-08T09:05:01+08:00'],
    ['ms', '1772931901250', '2026-03-08T09:05:01.250+08:00'],
  ])('written as %s is %s', (format, text, iso) => {
    expect(findTimeFault({ ...SHANGHAI, format })).toBeUndefined();
    expect(createTimeReader({ ...SHANGHAI, format })(text)).toBe(at(iso));
  });

  it('may have words in a language', () => {
    const read = createTimeReader({
      format: 'yyyy/M/d ah:mm',
      zone: 'Asia/Shanghai',
      locale: 'zh-CN',
    });
    expect(read('2026/3/8 下午9:05')).toBe(at('2026-03-08T21:05:00+08:00'));
  });

  it.each([
    ['yyyy-MM-dd', '2026-02-29'],
    ['yyyy-MM-dd', '2026-13-01'],
    ['yyyy-MM-dd', '2026-00-10'],
    ['yyyy-MM-dd', '2026-3-8'],
    ['yyyy-MM-dd', '2026-03-08 09:05'],
    ['yyyy-MM-dd HH:mm', '2026-03-08 24:01'],
    ['yyyy-MM-dd', '1969-12-31'],
    ['yyyy-MM-dd', '合计'],
    ['iso', 'yesterday'],
    ['s', '1772931901250'],
  ])('as %s is not guessed from %s', (format, text) => {
    expect(createTimeReader({ ...SHANGHAI, format })(text)).toBeNull();
  });

  it('without a zone of its own needs one in the map', () => {
    const read = createTimeReader({ format: 'iso', zone: null, locale: 'en-US' });
    expect(read('2026-03-08T09:05:01')).toBeNull();
    expect(read('2026-03-08T09:05:01+08:00')).toBe(at('2026-03-08T01:05:01Z'));
  });

  it('is moved on where the clocks skip it, and the first of two where they repeat it', () => {
    const format = 'yyyy-MM-dd HH:mm';
    const read = createTimeReader({ format, zone: 'America/New_York', locale: 'en-US' });
    expect(read('2026-03-08 02:30')).toBe(at('2026-03-08T03:30:00-04:00'));
    expect(read('2026-11-01 01:30')).toBe(at('2026-11-01T01:30:00-04:00'));
  });

  it('is what Luxon makes of it, on every day and in every zone', () => {
    const zones = [
      'Asia/Shanghai',
      'America/New_York',
      'Europe/Berlin',
      'Australia/Lord_Howe',
      'UTC+8',
    ];
    const moment = fc.integer({ min: 0, max: 4e12 });
    fc.assert(
      fc.property(fc.constantFrom(...zones), moment, (zone, ms) => {
        const format = 'yyyy-MM-dd HH:mm:ss';
        const text = DateTime.fromMillis(ms, { zone }).toFormat(format);
        const expected = DateTime.fromFormat(text, format, { zone }).toMillis();
        expect(createTimeReader({ format, zone, locale: 'en-US' })(text)).toBe(expected);
      }),
    );
  });
});

describe('the form of a time in a map', () => {
  it.each([
    ['YYYY-MM-DD', 'Asia/Shanghai', { field: 'format', suggestion: 'yyyy-MM-dd' }],
    ['DD.MM.YYYY HH:mm', 'Asia/Shanghai', { field: 'format', suggestion: 'dd.MM.yyyy HH:mm' }],
    ['HH:mm', 'Asia/Shanghai', { field: 'format' }],
    ['yyyy-MM-dd HH:MM', 'Asia/Shanghai', { field: 'format' }],
    ['yyyy-MM-dd hh:mm', 'Asia/Shanghai', { field: 'format' }],
    ['yyyy-MM-dd', 'Asia/Shangai', { field: 'zone', suggestion: 'Asia/Shanghai' }],
    ['yyyy-MM-dd', 'local', { field: 'zone' }],
    ['yyyy-MM-dd', null, { field: 'zone' }],
  ])('%s in %s is refused', (format, zone, fault) => {
    expect(findTimeFault({ format, zone, locale: 'en-US' })).toMatchObject(fault);
  });

  it('may do without a zone where the times have one', () => {
    const format = 'yyyy-MM-dd HH:mm:ss ZZZ';
    expect(findTimeFault({ format, zone: null, locale: 'en-US' })).toBeUndefined();
    expect(findTimeFault({ format: 'iso', zone: null, locale: 'en-US' })).toBeUndefined();
  });
});
