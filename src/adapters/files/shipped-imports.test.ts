// The examples of docs/import-csv.md, and the maps that ship, on tables of their kind.
import iconv from 'iconv-lite';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../domain/event.ts';
import { csvReader } from './csv-map-reader.ts';
import { readCsvMap } from './csv-map.ts';
import { openImportFile } from './import-file.ts';
import { previewRows, type Preview } from './import-preview.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const EXAMPLES = join(ROOT, 'docs/examples/csv');

let dir = '';
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'weft-examples-'));
});
afterEach(() => rm(dir, { recursive: true }));

const preview = async (map: string, table: string): Promise<Preview> =>
  previewRows(csvReader(await readCsvMap(map)), await openImportFile(table), {
    count: 1_000,
    now: Date.parse('2026-11-11T00:00:00Z'),
  });

async function tableOf(text: string | Buffer): Promise<string> {
  await writeFile(join(dir, 'table.csv'), text);
  return join(dir, 'table.csv');
}

/** Without what depends on the file's bytes; fails on what would be a dead letter. */
const events = ({ rows }: Preview): JsonObject[] =>
  rows.map((row) => {
    if (row.kind === 'dead') throw new Error(row.reason);
    expect(row.faults).toEqual([]);
    const { id: _, ...body } = row.body;
    return body;
  });

const gbk = async (name: string): Promise<string> =>
  iconv.decode(await readFile(join(EXAMPLES, name)), 'gbk');

describe('the page about importing a table', () => {
  it('shows its maps and tables as they are in docs/examples/csv', async () => {
    const page = await readFile(join(ROOT, 'docs/import-csv.md'), 'utf8');
    const names = await readdir(EXAMPLES);
    expect(names).toHaveLength(6);
    for (const name of names) {
      const isGbk = name === 'pos-day.csv';
      const text = isGbk ? await gbk(name) : await readFile(join(EXAMPLES, name), 'utf8');
      expect(page).toContain(`\`\`\`${name.split('.').at(-1)}\n${text}\`\`\``);
    }
  });

  it('shows the first event of a day of receipts', async () => {
    const page = await readFile(join(ROOT, 'docs/import-csv.md'), 'utf8');
    const [, shown] = /```json\n([^`]+)```/.exec(page) ?? [];
    const map = join(EXAMPLES, 'pos-day.yaml');
    const [first] = events(await preview(map, join(EXAMPLES, 'pos-day.csv')));
    expect(first).toEqual(JSON.parse(shown ?? ''));
  });
});

describe('a day of receipts with Chinese headers', () => {
  const EXPECTED = [
    { type: 'order_paid', order: { id: 'S01-000001', total: 23.8 } },
    {
      type: 'order_paid',
      identifiers: [
        { type: 'member', value: 'M1002' },
        { type: 'phone', value: '13800000002' },
      ],
      order: { id: 'S02-000001', total: 1199 },
      items: [{ name: '轻薄羽绒服, 女款', category: '服饰/外套', price: 1299 }],
      store: 'S02',
    },
    { type: 'order_refunded', order: { id: 'S02-000002', total: 1199 }, items: [{ quantity: 1 }] },
  ];

  it('becomes orders by a map of at most 15 lines, in GBK', async () => {
    const path = join(EXAMPLES, 'pos-day.yaml');
    expect((await readFile(path, 'utf8')).trimEnd().split('\n').length).toBeLessThanOrEqual(15);
    const read = await preview(path, join(EXAMPLES, 'pos-day.csv'));
    expect(events(read)).toMatchObject(EXPECTED);
    expect(Object.fromEntries(read.skipped)).toEqual({
      'above the header': 1,
      'no identifier': 1,
      totals: 1,
    });
  });

  it('becomes the same orders in UTF-8', async () => {
    const yaml = await readFile(join(EXAMPLES, 'pos-day.yaml'), 'utf8');
    const map = join(dir, 'map.yaml');
    await writeFile(map, yaml.replace('encoding: gbk\n', ''));
    const table = await tableOf(`\uFEFF${await gbk('pos-day.csv')}`);
    expect(events(await preview(map, table))).toMatchObject(EXPECTED);
  });
});

describe('the other examples', () => {
  it('order lines of a web shop become orders by time', async () => {
    const map = join(EXAMPLES, 'shop-orders.yaml');
    const read = await preview(map, join(EXAMPLES, 'shop-orders.csv'));
    expect(events(read)).toMatchObject([
      { type: 'order_cancelled', order: { id: 'B-1001', total: 99.8, currency: 'EUR' } },
      {
        type: 'order_paid',
        at: Date.parse('2026-03-08T19:31:00+01:00'),
        order: { id: 'B-1002', total: 1130.9, discount: 99, coupons: ['FRUEHLING'] },
        items: [
          { name: 'Sofa, grau', price: 1190 },
          { quantity: 2, price: 19.95 },
        ],
      },
    ]);
    expect([...read.skipped]).toEqual([['neither paid nor cancelled', 1]]);
  });

  it('members of a CRM become registrations', async () => {
    const read = await preview(join(EXAMPLES, 'members.yaml'), join(EXAMPLES, 'members.csv'));
    expect(read.rows[0]).toMatchObject({ body: { id: 'registered-00042' } });
    expect(events(read)).toMatchObject([
      { channel: 'mini_program', properties: { level: '银卡', points: 1280 } },
      { identifiers: [{ value: '00043' }, { type: 'phone', value: '13800000004' }] },
    ]);
  });
});

describe('the maps that ship', () => {
  const shipped = (name: string): string => join(ROOT, 'catalogue/imports', name);

  it('read the orders of Shopify, whose totals stand on the first row only', async () => {
    const header =
      'Name,Email,Financial Status,Paid at,Currency,Total,Discount Code,Discount Amount,Created at,' +
      'Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku,Billing Phone,Vendor';
    const table = await tableOf(`${header}
#1002,b@example.com,pending,,USD,9.00,,0.00,2026-03-09 08:00:00 -0500,1,Mug,9.00,,,Kiln
#1001,a@example.com,paid,2026-03-08 10:15:00 -0500,USD,56.29,FALL5,5.00,2026-03-08 10:14:00 -0500,2,Print,16.00,P-1,'+12025550100,Press
#1001,a@example.com,,,,,,,2026-03-08 10:14:00 -0500,1,Tote,20.00,T-1,,Press
`);
    expect(events(await preview(shipped('shopify-orders.yaml'), table))).toMatchObject([
      {
        type: 'order_paid',
        at: Date.parse('2026-03-08T10:15:00-05:00'),
        identifiers: [{ type: 'email' }, { type: 'phone' }],
        order: { id: '#1001', total: 56.29, discount: 5, coupons: ['FALL5'], currency: 'USD' },
        items: [
          { sku: 'P-1', quantity: 2 },
          { sku: 'T-1', brand: 'Press' },
        ],
      },
      { type: 'order_created', order: { id: '#1002' }, items: [{ sku: 'Mug', price: 9 }] },
    ]);
  });

  it('read the items of Square, with refunds', async () => {
    const header =
      'Date,Time,Time Zone,Category,Item,Qty,Price Point Name,SKU,Gross Sales,Discounts,Net Sales,Tax,' +
      'Transaction ID,Event Type,Location,Customer ID';
    const zone = 'Eastern Time (US & Canada)';
    const table = await tableOf(`${header}
2026-03-08,13:00:00,${zone},Retail,Oil,-1.0,Regular,O-1,-$12.00,$0.00,-$12.00,-$1.06,T2,Refund,Main,C1
2026-03-08,12:00:00,${zone},Retail,Oil,2.0,Regular,O-1,$24.00,-$4.00,$20.00,$1.80,T1,Payment,Main,C1
2026-03-08,12:00:00,${zone},Care,Cut,1.0,Regular,,$45.00,$0.00,$45.00,$0.00,T1,Payment,Main,C1
`);
    expect(events(await preview(shipped('square-items.yaml'), table))).toMatchObject([
      {
        type: 'order_paid',
        at: Date.parse('2026-03-08T12:00:00-04:00'),
        identifiers: [{ type: 'buyer', scope: 'square', value: 'C1' }],
        order: { id: 'T1', total: 66.8, discount: 4 },
        items: [
          { sku: 'O-1', price: 12 },
          { sku: 'Cut', category: 'Care' },
        ],
        store: 'Main',
      },
      { type: 'order_refunded', order: { id: 'T2', total: 13.06 }, items: [{ quantity: 1 }] },
    ]);
  });

  it('are all read', async () => {
    const names = await readdir(shipped(''));
    expect(names.length).toBeGreaterThan(0);
    for (const name of names) await expect(readCsvMap(shipped(name))).resolves.toBeDefined();
  });
});
