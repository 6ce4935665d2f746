import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../domain/event.ts';
import { linesOf, openImportFile, type ImportedRow, type ImportFile } from './import-file.ts';
import { readCanonical, readCdnow, readOnlineRetail, readRees46 } from './import-formats.ts';

let dir = '';
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'weft-import-'));
});
afterEach(() => rm(dir, { recursive: true }));

async function read(
  content: string | Buffer,
  format: (file: ImportFile) => AsyncIterable<ImportedRow>,
): Promise<ImportedRow[]> {
  const path = join(dir, 'file');
  await writeFile(path, content);
  return collect(format(await openImportFile(path)));
}

async function collect(rows: AsyncIterable<ImportedRow>): Promise<ImportedRow[]> {
  const all: ImportedRow[] = [];
  for await (const row of rows) all.push(row);
  return all;
}

const bodies = (rows: readonly ImportedRow[]): JsonObject[] =>
  rows.flatMap((row) => (row.kind === 'event' ? [row.body] : []));
const count = (rows: readonly ImportedRow[], kind: ImportedRow['kind']): number =>
  rows.filter((row) => row.kind === kind).length;

const INVOICES = `InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country
1,A,"LANTERN, RED",6,2010-12-01 08:26:00,2.55,17850.0,United Kingdom
1,B,茶壶,2,2010-12-01 08:27:00,0.123,17850.0,United Kingdom
C9,A,LANTERN,-1,2010-12-01 08:20:00,2.55,17850.0,United Kingdom
2,A,LANTERN,1,2010-12-01 08:00:00,2.55,,United Kingdom
3,A,LANTERN,1,2010-12-01 08:00:00,0,17850.0,United Kingdom
4,A,LANTERN,-1,2010-12-01 08:00:00,2.55,17850.0,United Kingdom
`;

const REES46_HEADER =
  'event_time,event_type,product_id,category_id,category_code,brand,price,user_id,user_session';
const rees46Row = (brand: string): string =>
  `2019-10-01 00:00:05 UTC,view,7,9,a.b,${brand},33.20,55,s`;

describe.each([
  ['rees46', readRees46, REES46_HEADER, rees46Row],
  [
    'online-retail',
    readOnlineRetail,
    'InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country',
    (text: string) => `${text.length},A,${text},1,2010-12-01 08:00:00,2.55,17850,UK`,
  ],
] as const)('a faulty file of %s', (_, format, header, row) => {
  it('costs no more than a cell for a stray quote', async () => {
    const text = [header, row('"open'), row('in "the" middle'), row('"closed" early'), ''].join(
      '\n',
    );
    expect(count(await read(text, format), 'event')).toBe(3);
  });

  it('ends with its name where gzip is cut off', async () => {
    const lines = Array.from({ length: 5_000 }, (__, i) => row(`${'b'.repeat(i % 50)}${i * i}`));
    const whole = gzipSync([header, ...lines, ''].join('\n'));
    await expect(read(whole.subarray(0, -2_000), format)).rejects.toMatchObject({
      code: 'unreadable_file',
      message: expect.stringMatching(
        /file cannot be read on after \d+ of \d+ bytes: unexpected end/,
      ),
    });
  });
});

describe('lines', () => {
  it.each([
    ['in pieces', ['a', 'b\nc', '', 'd\n', '\ne'], ['ab', 'cd', '', 'e']],
    ['of Windows, cut inside their end', ['a\r', '\nb\r\nc'], ['a', 'b', 'c']],
    ['none', [''], []],
  ])('are the same %s', async (_, pieces, lines) => {
    const text = async function* (): AsyncIterable<string> {
      for (const piece of pieces) yield await Promise.resolve(piece);
    };
    const read: string[] = [];
    for await (const batch of linesOf(text())) read.push(...batch);
    expect(read).toEqual(lines);
  });

  it('of more than eight million characters become a dead letter of their beginning', async () => {
    const huge = `{"id":"huge","properties":{"text":"${'x'.repeat(9_000_000)}"}}`;
    const rows = await read(`{"id":"a"}\n${huge}\n{"id":"b"}\n${huge}`, readCanonical);
    expect(rows.map(({ kind }) => kind)).toEqual(['event', 'dead', 'event', 'dead']);
    expect(rows[1]).toMatchObject({
      row: 1,
      reason: expect.stringContaining('more than 8388608 characters'),
      text: huge.slice(0, 32 * 1024),
    });
  });
});

describe('online-retail', () => {
  it('makes one order an invoice at its first line, refunds of C invoices, and counts the rest', async () => {
    const rows = await read(INVOICES, readOnlineRetail);
    expect(count(rows, 'skipped')).toBe(3);
    expect(bodies(rows)).toMatchObject([
      { type: 'order_refunded', order: { id: 'C9', total: '2.5500' } },
      {
        type: 'order_paid',
        at: Date.UTC(2010, 11, 1, 8, 26),
        identifiers: [{ type: 'member', value: '17850' }],
        order: { id: '1', total: '15.5460' },
        items: [{ name: 'LANTERN, RED' }, { name: '茶壶' }],
      },
    ]);
  });
});

describe('rees46', () => {
  it('maps views, carts and purchases, with the session as the cart', async () => {
    const rows = await read(
      `${REES46_HEADER}\n2019-10-01 00:00:05 UTC,purchase,7,9,a.b,aqua,33.20,55,s-1\n2019-10-01 00:00:05 UTC,teleport,7,9,,,1,55,s\n`,
      readRees46,
    );
    expect(bodies(rows)).toMatchObject([
      {
        type: 'order_paid',
        at: Date.UTC(2019, 9, 1, 0, 0, 5),
        identifiers: [{ type: 'uid', value: '55' }],
        items: [{ sku: '7', category: 'a/b', brand: 'aqua', price: '33.20' }],
        cart: { id: 's-1' },
        order: { total: '33.20' },
      },
    ]);
    expect(count(rows, 'dead')).toBe(1);
  });
});

describe('cdnow', () => {
  it.each([
    ['master', ' 00001 19970101  1   11.77\n'],
    ['sample', ' 00001 0001 19970101  1   11.77\n'],
  ])('reads a line of the %s as an order', async (_, line) => {
    const rows = await read(` customer_id  date number dollars\n${line}`, readCdnow);
    expect(bodies(rows)).toMatchObject([
      { type: 'order_paid', at: Date.UTC(1997, 0, 1), order: { total: '11.77' } },
    ]);
  });
});

describe('canonical', () => {
  it('takes a line as it is, and a broken one as a dead letter of its row', async () => {
    const line = '{"id":"a", "at":"2026-01-01T00:00:00+08:00", "order": {"total": 10.00}}';
    const rows = await read(`${line}\n\n{nonsense\n[1]\n`, readCanonical);
    expect(rows.map((row) => row.kind)).toEqual(['event', 'dead', 'dead']);
    expect(rows[0]).toMatchObject({ row: 0, body: { id: 'a' } });
    expect(rows[0]).toHaveProperty('text', line);
    expect(rows[2]).toMatchObject({ row: 2 });
  });
});

describe('a file of history', () => {
  it('reads the same plain and gzipped, and says how far it is', async () => {
    const plain = await read(INVOICES, readOnlineRetail);
    const gzipped = await read(gzipSync(INVOICES), readOnlineRetail);
    const withoutIds = (rows: readonly ImportedRow[]): unknown[] =>
      bodies(rows).map((body) => ({ ...body, id: null }));
    expect(withoutIds(gzipped)).toEqual(withoutIds(plain));
    const file = await openImportFile(join(dir, 'file'));
    await collect(readOnlineRetail(file));
    expect(file.bytesRead()).toBe(file.sizeBytes);
  });

  it('is refused in words when it is not there', async () => {
    await expect(openImportFile(join(dir, 'none'))).rejects.toMatchObject({
      code: 'invalid_usage',
    });
  });
});

const DATA = new URL('../../../../shared/data/', import.meta.url).pathname;

describe.skipIf(!existsSync(DATA))(
  'the real data sets (skipped where ../shared/data is missing)',
  () => {
    it.each([
      ['rees46/2019-Oct-first17434.csv.gz', readRees46, 17_434, 0],
      ['online-retail/online_retail_by_day.csv.gz', readOnlineRetail, 18_532 + 3_654, 135_120 + 0],
      ['cdnow/CDNOW_master.txt', readCdnow, 69_659, 1],
      ['cdnow/CDNOW_sample.txt', readCdnow, 6_919, 0],
    ] as const)('%s has the published number of rows', async (path, format, events, skipped) => {
      const rows = await collect(format(await openImportFile(DATA + path)));
      expect({ events: count(rows, 'event'), dead: count(rows, 'dead') }).toEqual({
        events,
        dead: 0,
      });
      expect(count(rows, 'skipped')).toBe(skipped);
    });
  },
);
