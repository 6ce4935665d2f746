import iconv from 'iconv-lite';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../domain/event.ts';
import { csvReader } from './csv-map-reader.ts';
import { readCsvMap } from './csv-map.ts';
import { openImportFile, type ImportedRow } from './import-file.ts';

let dir = '';
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'weft-csv-'));
});
afterEach(() => rm(dir, { recursive: true }));

async function read(yaml: string, table: string | Buffer): Promise<ImportedRow[]> {
  await writeFile(join(dir, 'map.yaml'), yaml);
  await writeFile(join(dir, 'file.csv'), table);
  const reader = csvReader(await readCsvMap(join(dir, 'map.yaml')));
  const rows: ImportedRow[] = [];
  for await (const row of reader(await openImportFile(join(dir, 'file.csv')))) rows.push(row);
  return rows;
}

const bodies = (rows: readonly ImportedRow[]): JsonObject[] =>
  rows.flatMap((row) => (row.kind === 'event' ? [row.body] : []));
const reasons = (rows: readonly ImportedRow[]): string[] =>
  rows.flatMap((row) => (row.kind === 'event' ? [] : [`${row.kind}: ${row.reason}`]));
const read1 = async (yaml: string, table: string): Promise<JsonObject | undefined> =>
  bodies(await read(yaml, table))[0];

const HEAD = `source: pos
type: order_paid
at: { column: time, zone: Asia/Shanghai }
identifiers: [{ type: member, column: member }]
`;
const LINES = `${HEAD}order: { id: order, total: { sum: paid } }
items: { sku: sku, quantity: qty, price: price }
`;
const LINES_HEADER = 'order,time,member,sku,qty,price,paid\n';
const DAY = '2026-03-08 09:00:00';

describe('a row of a table', () => {
  it('is an event: its id from the file and the row, its time in the zone of the map', async () => {
    const rows = await read(HEAD, `time,member\n${DAY},M1\n${DAY},M2\n`);
    const file = await openImportFile(join(dir, 'file.csv'));
    const at = Date.parse('2026-03-08T09:00:00+08:00');
    expect(rows).toMatchObject([
      { kind: 'event', row: 0, body: { id: `${file.digest}:0`, at, type: 'order_paid' } },
      { kind: 'event', row: 1, body: { identifiers: [{ type: 'member', value: 'M2' }] } },
    ]);
  });

  it('fills every field from columns, lists of columns, tables of values and fixed values', async () => {
    const yaml = `source: { column: from, values: { T: pos } }
type: { column: kind, values: { S: order_paid } }
at: { column: [day, clock], zone: UTC }
id: { column: no, prefix: till- }
identifiers:
  - { type: openid, scope: wx1, column: open }
  - { type: phone, first: [phone, phone2], verified: true }
order: { id: [shop, no], total: total, discount: off, coupons: codes, currency: { value: CNY }, unit: fen }
cart: basket
checkout: basket
store: shop
channel: { column: way, values: { A: app } }
campaign: { value: spring }
properties: { clerk: clerk, points: { name: points, as: number } }
`;
    const header =
      'from,kind,day,clock,no,open,phone,phone2,shop,total,off,codes,basket,way,clerk,points';
    const row = 'T,S,2026-03-08,01:00:00,7,o1,,138,S1,1250,-50,"A1；A2, A1",K1,B,李,"1,280"';
    expect(await read1(yaml, `${header}\n${row}\n`)).toEqual({
      id: 'till-7',
      source: 'pos',
      type: 'order_paid',
      at: Date.UTC(2026, 2, 8, 1),
      identifiers: [
        { type: 'openid', scope: 'wx1', value: 'o1' },
        { type: 'phone', value: '138', verified: true },
      ],
      order: { id: 'S1-7', total: 12.5, discount: 0.5, currency: 'CNY', coupons: ['A1', 'A2'] },
      cart: { id: 'K1' },
      checkout: { id: 'K1' },
      store: 'S1',
      channel: 'B',
      campaign: 'spring',
      properties: { clerk: '李', points: 1280 },
    });
  });

  it('may hold several items in columns of their own', async () => {
    const yaml = `${HEAD}items: [{ sku: sku1, quantity: n1 }, { sku: sku2, quantity: n2 }]\n`;
    const table = `time,member,sku1,n1,sku2,n2\n${DAY},M1,A,2,,\n${DAY},M1,A,1,B,3\n`;
    expect(bodies(await read(yaml, table)).map((body) => body['items'])).toEqual([
      [{ sku: 'A', quantity: 2 }],
      [
        { sku: 'A', quantity: 1 },
        { sku: 'B', quantity: 3 },
      ],
    ]);
  });

  it('without identifier is skipped and counted; what means nothing is for the map to say', async () => {
    const table = `time,member\n${DAY},\n${DAY},-\n${DAY},M1\n`;
    const rows = await read(`${HEAD}empty: ['-']\n`, table);
    expect(rows.map(({ kind }) => kind)).toEqual(['skipped', 'skipped', 'event']);
    expect(rows[2]).toMatchObject({ row: 0 });
    expect(reasons(rows)[0]).toBe('skipped: no identifier');
  });

  it('loses what a spreadsheet put around it', async () => {
    const table = `time,member\n${DAY},"=""00123"""\n${DAY},'00124\n${DAY},"00125\t"\n`;
    const values = bodies(await read(HEAD, table)).map((body) => body['identifiers']);
    expect(values.flat()).toMatchObject([
      { value: '00123' },
      { value: '00124' },
      { value: '00125' },
    ]);
  });

  it('is skipped by the first rule that applies, and counted under its reason', async () => {
    const yaml = `${HEAD}skip:
  - { column: void, empty: false }
  - { column: state, equals: x, reason: crossed out }
  - { column: state, in: [a, b] }
  - { column: state, not_in: [c, d] }
`;
    const states = ['yes,x', ',x', ',b', ',e', ',c', ',d'];
    const table = `time,member,void,state\n${states.map((one) => `${DAY},M1,${one}\n`).join('')}`;
    const rows = await read(yaml, table);
    expect(reasons(rows)).toEqual([
      'skipped: void is filled',
      'skipped: crossed out',
      'skipped: state is a, b',
      'skipped: state is not c, d',
    ]);
    expect(bodies(rows)).toHaveLength(2);
  });

  it.each([
    ['an empty time', `,M1`, 'time is empty'],
    ['no time', `yesterday,M1`, 'time is no time written as ISO 8601 with its zone'],
    ['cells too many', `${DAY},M1,more`, 'a row has 3 cells, the header 2'],
    ['an identifier that was rounded', `${DAY},1.38E+10`, /member was rounded by a spreadsheet/],
    ['an identifier of broken bytes', `${DAY},\uFFFD1`, /member holds bytes that are no text/],
  ])('with %s is a dead letter, whole, with the reason', async (_, row, reason) => {
    const [dead] = await read(HEAD, `time,member\n${row}\n`);
    expect(dead).toMatchObject({ kind: 'dead', row: 0 });
    expect(reasons(dead ? [dead] : [])[0]?.slice('dead: '.length)).toMatch(reason);
    const [text] = JSON.parse(dead?.kind === 'dead' ? dead.text : '[]') as [object];
    expect(Object.values(text)).toEqual(row.split(','));
  });

  it('with a type or source that the map has no word for is a dead letter', async () => {
    const yaml = HEAD.replace(
      'type: order_paid',
      'type: { column: kind, values: { S: order_paid } }',
    );
    const rows = await read(yaml, `time,member,kind\n${DAY},M1,order_paid\n${DAY},M1,\n`);
    expect(new Set(reasons(rows))).toEqual(
      new Set(["dead: kind is none of the values of 'type' in the map"]),
    );
  });

  it('that is shorter than the header has nothing in the rest', async () => {
    const yaml = `${HEAD}store: shop\n`;
    expect(await read1(yaml, `time,member,shop\n${DAY},M1\n`)).not.toHaveProperty('store');
  });

  it('cannot reach a prototype, whatever its header says', async () => {
    const rows = await read(HEAD, `time,member,__proto__\n,M1,{"polluted":1}\n`);
    expect(rows[0]).toMatchObject({ kind: 'dead', text: expect.stringContaining('__proto__') });
    expect({}).not.toHaveProperty('polluted');
  });
});

describe('rows of one order', () => {
  it('are one event as long as they follow each other, with the first that says something', async () => {
    const yaml = `${LINES}store: shop\n`;
    const table = `order,time,member,sku,qty,price,paid,shop
1,${DAY},,A,2,"¥1,000.00",2000.00,
1,,M1,B,1,5,"5.00",S1
2,${DAY},M2,A,1,5,5,
`;
    expect(bodies(await read(yaml, table))).toMatchObject([
      {
        identifiers: [{ value: 'M1' }],
        store: 'S1',
        order: { id: '1', total: 2005 },
        items: [
          { sku: 'A', quantity: 2, price: 1000 },
          { sku: 'B', quantity: 1, price: 5 },
        ],
      },
      { order: { id: '2', total: 5 } },
    ]);
  });

  it('that come again later, with others between, are dead letters: half an order is another', async () => {
    const order = (id: number): string => `${id},${DAY},M1,A,1,5,5\n`;
    const rows = await read(LINES, LINES_HEADER + [1, 2, 1, 3].map(order).join(''));
    expect(rows.map(({ kind }) => kind)).toEqual(['event', 'event', 'dead', 'event']);
    expect(reasons(rows)).toEqual([
      'dead: rows with this order came before, with others between: use anywhere: true',
    ]);
  });

  it('may lie anywhere if the file is held; events then come by time', async () => {
    const yaml = LINES.replace('price: price', 'price: price, anywhere: true');
    const row = (id: number, hour: string): string => `${id},2026-03-08 ${hour}:00:00,M1,A,1,5,5\n`;
    const table = LINES_HEADER + row(1, '12') + row(2, '09') + row(1, '12');
    const rows = await read(yaml, table);
    expect(rows).toMatchObject([{ row: 0 }, { row: 1 }]);
    expect(bodies(rows)).toMatchObject([{ order: { id: '2' } }, { order: { id: '1', total: 10 } }]);
  });

  it('share a total that each of them repeats', async () => {
    const yaml = LINES.replace('{ sum: paid }', 'paid');
    const rows = [`1,${DAY},M1,A,1,5,12.50\n`, `1,${DAY},M1,B,1,5,\n`, `1,${DAY},M1,C,1,5,12.5\n`];
    expect(await read1(yaml, LINES_HEADER + rows.join(''))).toMatchObject({
      order: { total: 12.5 },
    });
    const other = await read(yaml, `${LINES_HEADER}${rows.join('')}1,${DAY},M1,D,1,5,7\n`);
    expect(reasons(other)).toEqual([
      'dead: paid differs between the rows of one order: are they to be added up, { sum: paid }?',
    ]);
  });

  it('die together if one cannot be read', async () => {
    const rows = await read(LINES, `${LINES_HEADER}1,${DAY},M1,A,1,5,5\n1,${DAY},M1,B,one,5,5\n`);
    expect(rows).toMatchObject([{ kind: 'dead', reason: 'qty is no number' }]);
    expect(JSON.parse(rows[0]?.kind === 'dead' ? rows[0].text : '')).toHaveLength(2);
  });

  it('without a key are dead letters, or skipped by a rule', async () => {
    const table = `${LINES_HEADER}1,${DAY},M1,A,1,5,5\n合计,,,,,,\n,,,,1,,5\n`;
    const noKey = 'dead: order is empty: a rule of skip can leave such rows out';
    expect(reasons(await read(LINES, table))).toContain(noKey);
    const yaml = `${LINES}skip: [{ column: sku, empty: true, reason: totals }]\n`;
    expect(reasons(await read(yaml, table))).toEqual(['skipped: totals', 'skipped: totals']);
  });

  it('are told apart by several columns, of which none may be empty', async () => {
    const yaml = LINES.replace('id: order', 'id: [shop, order]');
    const row = (shop: string): string => `1,${DAY},M1,A,1,5,5,${shop}\n`;
    const header = LINES_HEADER.replace('\n', ',shop\n');
    const rows = await read(yaml, header + row('S1') + row('S2') + row(''));
    expect(bodies(rows)).toMatchObject([{ order: { id: 'S1-1' } }, { order: { id: 'S2-1' } }]);
    expect(reasons(rows)[0]).toMatch(/^dead: shop and order is empty/);
  });

  it('can be gathered by a column that is no order: a cart', async () => {
    const yaml = `${HEAD}items: { sku: sku, by: cart }\ncart: cart\n`.replace(
      'order_paid',
      'cart_added',
    );
    const table = `time,member,sku,cart\n${DAY},M1,A,K1\n${DAY},M1,B,K1\n${DAY},M1,A,K2\n`;
    const rows = bodies(await read(yaml, table));
    expect(rows).toMatchObject([
      { cart: { id: 'K1' }, items: [{ sku: 'A' }, { sku: 'B' }] },
      { cart: { id: 'K2' }, items: [{ sku: 'A' }] },
    ]);
    expect(rows[0]).not.toHaveProperty('order');
  });

  it('have the price of one piece from the amount of all', async () => {
    const yaml = LINES.replace('price: price', 'amount: paid');
    const table = `${LINES_HEADER}1,${DAY},M1,A,3,,10.00\n1,${DAY},M1,B,0.356,,12.80\n`;
    expect(await read1(yaml, table)).toMatchObject({ items: [{ price: 3.33 }, { price: 35.96 }] });
  });

  it('beyond what an event may hold are dead letters', async () => {
    const row = `1,${DAY},M1,A,1,5,5\n`;
    const rows = await read(LINES, LINES_HEADER + row.repeat(100_001));
    expect(new Set(reasons(rows))).toEqual(
      new Set(['dead: more than 100000 rows have the same order']),
    );
    expect(bodies(rows)).toEqual([]);
  });
});

describe('what came back', () => {
  const REFUNDS = `${LINES}refunds: true\n`;

  it('is a dead letter unless the map says that negative rows are refunds', async () => {
    const rows = await read(LINES, `${LINES_HEADER}1,${DAY},M1,A,-1,5,-5\n`);
    expect(reasons(rows)).toEqual([
      'dead: an amount or a quantity is negative: refunds: true makes it order_refunded',
    ]);
  });

  it.each([
    ['quantity', '-1,5,5'],
    ['amount', '1,5,-5'],
    ['quantity and amount', '-1,5,-5'],
  ])('has a negative %s, which loses its sign', async (_, cells) => {
    expect(await read1(REFUNDS, `${LINES_HEADER}1,${DAY},M1,A,${cells}\n`)).toMatchObject({
      type: 'order_refunded',
      order: { id: '1', total: 5 },
      items: [{ sku: 'A', quantity: 1, price: 5 }],
    });
  });

  it('has a negative total of the whole order', async () => {
    const yaml = REFUNDS.replace('{ sum: paid }', 'paid');
    expect(await read1(yaml, `${LINES_HEADER}1,${DAY},M1,A,1,5,-5\n`)).toMatchObject({
      type: 'order_refunded',
      order: { total: 5 },
    });
  });

  it('is parted from what was sold on the same receipt, which names its shopper once', async () => {
    const yaml = `${REFUNDS}id: order\n`;
    const table = `${LINES_HEADER}1,${DAY},M1,A,-1,5,-5\n1,${DAY},,B,2,4,8\n1,${DAY},,C,-1,1,-1\n`;
    expect(bodies(await read(yaml, table))).toMatchObject([
      {
        id: '1:refund',
        type: 'order_refunded',
        identifiers: [{ value: 'M1' }],
        order: { id: '1', total: 6 },
        items: [{ sku: 'A' }, { sku: 'C' }],
      },
      {
        id: '1',
        type: 'order_paid',
        identifiers: [{ value: 'M1' }],
        order: { id: '1', total: 8 },
        items: [{ sku: 'B' }],
      },
    ]);
  });

  it('cannot be parted if both share one total', async () => {
    const yaml = REFUNDS.replace('{ sum: paid }', 'paid');
    const table = `${LINES_HEADER}1,${DAY},M1,A,-1,5,3\n1,${DAY},M1,B,2,4,3\n`;
    expect(reasons(await read(yaml, table))[0]).toMatch(/sales and returns share one total/);
  });

  it('may come in pieces, later in the file', async () => {
    const row = (id: number, n: number): string => `${id},${DAY},M1,A,${n},5,${5 * n}\n`;
    const table = LINES_HEADER + row(1, 2) + row(2, 1) + row(1, -1) + row(2, -1) + row(1, -1);
    const types = bodies(await read(REFUNDS, table)).map(({ type }) => type);
    expect(types).toEqual([
      'order_paid',
      'order_paid',
      'order_refunded',
      'order_refunded',
      'order_refunded',
    ]);
  });
});

describe('the file of a table', () => {
  const CHINESE = HEAD.replace('column: member', 'column: 会员卡号').replace(
    'column: time',
    'column: 时间',
  );
  const TABLE = `时间, 会员卡号 \n${DAY},会员一\n`;

  it.each([
    ['UTF-8', 'utf8', Buffer.from(TABLE)],
    ['UTF-8 with a byte order mark', 'utf8', Buffer.from(`\uFEFF${TABLE}`)],
    ['GBK', 'gbk', iconv.encode(TABLE, 'gbk')],
    ['GB 18030', 'gb18030', iconv.encode(TABLE, 'gb18030')],
    ['UTF-16', 'utf16le', iconv.encode(TABLE, 'utf16le', { addBOM: true })],
    ['GBK, gzipped', 'gbk', gzipSync(iconv.encode(TABLE, 'gbk'))],
  ])('may be %s', async (_, encoding, table) => {
    const rows = await read(`encoding: ${encoding}\n${CHINESE}`, table);
    expect(bodies(rows)).toMatchObject([{ identifiers: [{ value: '会员一' }] }]);
  });

  it('may have titles above its header', async () => {
    const rows = await read(HEAD, `日报表,\n\n门店,S1\ntime,member\n${DAY},M1\n`);
    expect(rows.map(({ kind }) => kind)).toEqual(['skipped', 'skipped', 'event']);
    expect(reasons(rows)[0]).toBe('skipped: above the header');
  });

  it('may call two columns the same: they are counted', async () => {
    const yaml = HEAD.replace('column: member', "column: 'member#2'");
    expect(await read1(yaml, `time,member,member\n${DAY},M1,M2\n`)).toMatchObject({
      identifiers: [{ value: 'M2' }],
    });
    await expect(read(HEAD, `time,member,member\n${DAY},M1,M2\n`)).rejects.toMatchObject({
      message: expect.stringContaining("write 'member#1' or 'member#2'"),
    });
  });

  it('that lacks a column is refused: with the line of the map, what it has, and what was meant', async () => {
    const wrong = read(`${HEAD}store: shop\n`, `time,Member,till\n${DAY},M1,S1\n`);
    await expect(wrong).rejects.toMatchObject({
      code: 'invalid_usage',
      message: `the map does not fit the file:
  map.yaml:4: there is no column 'member'. Did you mean 'Member'?
  map.yaml:5: there is no column 'shop'.
  ${join(dir, 'file.csv')} has: time, Member, till`,
    });
  });

  it('that is in another encoding, or has another delimiter, is told so', async () => {
    await expect(read(CHINESE, iconv.encode(TABLE, 'gbk'))).rejects.toMatchObject({
      message: expect.stringContaining('write encoding: gb18030'),
    });
    await expect(read(HEAD, `time;member\n${DAY};M1\n`)).rejects.toMatchObject({
      message: expect.stringContaining("write delimiter: ';'"),
    });
  });

  it('without a header does not show its first shopper', async () => {
    const table = `${DAY},13800000001,a@example.com\n`;
    await expect(read(HEAD, table)).rejects.toMatchObject({
      message: expect.not.stringMatching(/138|example/),
    });
  });

  it('that is empty is refused', async () => {
    await expect(read(HEAD, '')).rejects.toMatchObject({ code: 'invalid_usage' });
  });
});
