/** Blocks of columns as the engine reads them: what is pushed is what is stored. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startChdb } from '../../adapters/chdb/process.ts';
import { openEmbedded, type Embedded } from '../../adapters/clickhouse/embedded.contract.ts';
import {
  flags,
  int64s,
  lists,
  moments,
  nullable,
  nullableTexts,
  uint16s,
  takeBlock,
  texts,
  uint64s,
  words,
} from './columns.ts';

const AT = 1_700_000_000_123;
/** The lengths and codes that have a branch of their own, and what ends rows inside a text of SQL. */
const TEXTS = [
  '',
  'a',
  '中文 🧵',
  'x'.repeat(40),
  'y'.repeat(127),
  'z'.repeat(128),
  'ü'.repeat(20_000),
  'one\n\ntwo\r\n\n;\t\\N\0',
  `it's "quoted"`,
];
let embedded: Embedded;

beforeAll(async () => {
  embedded = await openEmbedded(startChdb);
}, 60_000);
afterAll(() => embedded.close());

const eventColumns = () => ({
  tenant: words(),
  id: texts(),
  type: words(),
  at: moments(),
  anonymous: flags(),
  total: nullable(int64s()),
  coupons: lists(texts()),
  campaign: texts(),
  topic: texts(),
  partition: uint16s(),
  offset: uint64s(),
  colour: texts(),
});

const ask = async (sql: string): Promise<readonly unknown[]> =>
  (await embedded.store.query(sql)).data;

describe('a block of columns', () => {
  it('is stored as it was pushed, and the next one begins empty', async () => {
    const columns = eventColumns();
    const given = TEXTS.map((text, n) => ({
      id: `e${n}`,
      type: `type ${n % 3}`,
      at: new Date(AT + n * 2 ** 31).toISOString().replace('T', ' ').replace('Z', ''),
      anonymous: n % 2 === 0,
      total: n % 3 === 0 ? null : (n - 4) * 2 ** 33 - 1,
      coupons: TEXTS.slice(0, n % 4),
      campaign: text,
      partition: n * 7_001,
      offset: n * 2 ** 40 + 1,
    }));
    for (const half of [given.slice(0, 5), given.slice(5)]) {
      for (const row of half) {
        columns.tenant.push('block');
        columns.id.push(row.id);
        columns.type.push(row.type);
        columns.at.push(Date.parse(`${row.at.replace(' ', 'T')}Z`));
        columns.anonymous.push(row.anonymous);
        columns.total.push(row.total);
        for (const coupon of row.coupons) columns.coupons.items.push(coupon);
        columns.coupons.end();
        columns.campaign.push(row.campaign);
        columns.topic.push('events');
        columns.partition.push(row.partition);
        columns.offset.push(row.offset);
        columns.colour.push('an unknown column');
      }
      const block = takeBlock(columns);
      expect(block.rows).toBe(half.length);
      for (let i = 0; i < 2; i += 1)
        await embedded.store.insert('events', block, `block/${half.length}`);
    }
    const stored = await ask(
      `SELECT id, type, at, anonymous, total, coupons, campaign, partition, offset
       FROM weft_store.events WHERE tenant = 'block' ORDER BY id`,
    );
    expect(stored).toEqual(given);
  });

  it.each([256, 257, 65_537])('may hold %d different words', async (different) => {
    const columns = { tenant: words(), id: texts(), type: words() };
    for (let n = 0; n < different; n += 1) {
      columns.tenant.push(`words ${different}`);
      columns.id.push(`e${n}`);
      columns.type.push(`type ${n}`);
    }
    await embedded.store.insert('events', takeBlock(columns), `words/${different}`);
    const [stored] = await ask(
      `SELECT count() AS n, countIf(substring(id, 2) = substring(type, 6)) AS same
       FROM weft_store.events WHERE tenant = 'words ${different}'`,
    );
    expect(stored).toEqual({ n: different, same: different });
  });

  it('has numbers as JavaScript writes them, and one value for several rows', async () => {
    const numbers = [0, 9, 10, 4_200, 2 ** 53 - 1, -1, 1.5, 1e21, -0, NaN];
    const columns = {
      tenant: words(),
      id: texts(),
      profile: texts(),
      decided_at: moments(),
      partition: uint16s(),
      coupon: nullableTexts(),
    };
    columns.tenant.push('numbers', numbers.length);
    columns.profile.push('the same', numbers.length);
    columns.decided_at.push(AT, numbers.length);
    columns.partition.push(513, numbers.length);
    for (const number of numbers) {
      columns.id.push(`a${columns.id.rows}`);
      columns.coupon.pushNumber(number);
    }
    await embedded.store.insert('actions', takeBlock(columns), 'numbers');
    const stored = await ask(
      `SELECT coupon, profile, toUnixTimestamp64Milli(decided_at) AS at, partition
       FROM weft_store.actions WHERE tenant = 'numbers' ORDER BY id`,
    );
    const rest = { profile: 'the same', at: AT, partition: 513 };
    expect(stored).toEqual(numbers.map((number) => ({ coupon: String(number), ...rest })));
  });

  it('without rows is nothing', async () => {
    const block = takeBlock(eventColumns());
    expect(block.rows).toBe(0);
    await expect(embedded.store.insert('events', block, 'nothing')).resolves.toBeUndefined();
  });

  it('is refused whole when a column does not fit the table', async () => {
    const columns = { tenant: words(), at: texts() };
    columns.tenant.push('misfit');
    columns.at.push('yesterday');
    const inserted = embedded.store.insert('events', takeBlock(columns), 'misfit');
    await expect(inserted).rejects.toMatchObject({ code: 'query_failed' });
    expect(await ask("SELECT id FROM weft_store.events WHERE tenant = 'misfit'")).toEqual([]);
  });

  it('has columns of one length', () => {
    const columns = { id: texts(), tenant: words() };
    columns.id.push('a');
    expect(() => takeBlock(columns)).toThrow(/tenant has 0 of 1 rows/);
  });
});
