/**
 * What every analytics store must honour, one sentence a test. The store is handed over migrated, with
 * the tables of `sql/`, and shared by all tests: each writes under a tenant of its own.
 */
import { describe, expect, it } from 'vitest';
import { WeftError, type ErrorCode } from '../errors.ts';
import type { AnalyticsStore } from './analytics-store.ts';

export type GiveStore = () => AnalyticsStore;

const AT = 1_700_000_000_123;
const HOSTILE = `it's "quoted", \\ back \t tab \n line; DROP TABLE weft_store.events; -- {a:b} 中文 🧵`;

interface Extra {
  readonly [column: string]: unknown;
}

/** The n-th event of a tenant, at the n-th place of partition 0. */
const eventRow = (tenant: string, n: number, extra: Extra = {}): string =>
  JSON.stringify({
    tenant,
    id: `e${n}`,
    type: 'order_paid',
    source: 'pos',
    at: AT + n,
    received_at: AT + n,
    profile: `p${n % 10}`,
    anonymous: false,
    total: 100 + n,
    topic: 'events',
    partition: 0,
    offset: n,
    index: 0,
    ...extra,
  });

export const eventRows = (tenant: string, from: number, to: number, extra: Extra = {}): string[] =>
  Array.from({ length: to - from }, (_, i) => eventRow(tenant, from + i, extra));

export const codeOf = async (promise: Promise<unknown>): Promise<ErrorCode | 'none'> => {
  try {
    await promise;
    return 'none';
  } catch (error) {
    if (error instanceof WeftError) return error.code;
    throw error;
  }
};

let tenants = 0;
const newTenant = (): string => `tenant-${(tenants += 1)}`;

export function analyticsStoreContract(name: string, give: GiveStore): void {
  describe(`the analytics store: ${name}`, () => {
    describeInserts(give);
    describeQuestions(give);
    describeReadOnly(give);
    describeStreams(give);
  });
}

async function countOf(store: AnalyticsStore, table: string, tenant: string): Promise<unknown> {
  const sql = `SELECT count() AS n FROM ${table} WHERE tenant = {tenant:String}`;
  return (await store.query(sql, { params: { tenant } })).data[0]?.['n'];
}

function describeInserts(give: GiveStore): void {
  it('stores the rows of a token once, however often they are sent', async () => {
    const tenant = newTenant();
    const rows = eventRows(tenant, 0, 50);
    for (let i = 0; i < 3; i += 1) await give().insert('events', rows, `${tenant}/0-50`);
    expect(await countOf(give(), 'weft_store.events', tenant)).toBe(50);
  });

  it('reads a row once that came under two tokens', async () => {
    const tenant = newTenant();
    await give().insert('events', eventRows(tenant, 0, 60), `${tenant}/0-60`);
    await give().insert('events', eventRows(tenant, 40, 100), `${tenant}/40-100`);
    expect(await countOf(give(), 'weft_store.events', tenant)).toBe(120);
    expect(await countOf(give(), 'weft.events', tenant)).toBe(100);
  });

  it('takes no rows for nothing', async () => {
    await expect(give().insert('events', [], 'nothing')).resolves.toBeUndefined();
  });

  it('keeps hostile text as it is, and runs none of it', async () => {
    const tenant = newTenant();
    await give().insert('events', [eventRow(tenant, 1, { campaign: HOSTILE })], HOSTILE);
    const sql = 'SELECT campaign FROM weft.events WHERE tenant = {tenant:String}';
    const { data } = await give().query(sql, { params: { tenant } });
    expect(data).toEqual([{ campaign: HOSTILE }]);
  });

  it('ignores a column that the table does not have', async () => {
    const tenant = newTenant();
    await give().insert('events', [eventRow(tenant, 1, { colour: 'blue' })], tenant);
    expect(await countOf(give(), 'weft.events', tenant)).toBe(1);
  });

  it('stores none of the rows when one does not fit', async () => {
    const tenant = newTenant();
    const rows = [...eventRows(tenant, 0, 5), eventRow(tenant, 6, { at: 'yesterday' })];
    expect(await codeOf(give().insert('events', rows, tenant))).toBe('query_failed');
    expect(await countOf(give(), 'weft.events', tenant)).toBe(0);
  });

  it('takes moments as integer milliseconds', async () => {
    const tenant = newTenant();
    await give().insert('events', [eventRow(tenant, 1, { at: 5, received_at: AT })], tenant);
    const sql = 'SELECT at, received_at FROM weft.events WHERE tenant = {tenant:String}';
    const { data } = await give().query(sql, { params: { tenant } });
    expect(data).toEqual([
      { at: '1970-01-01 00:00:00.005', received_at: '2023-11-14 22:13:20.123' },
    ]);
  });

  it('migrates again without doing anything', async () => {
    await give().migrate();
    expect((await give().queryReadOnly('SHOW TABLES')).rows).toBeGreaterThan(9);
  });
}

function describeQuestions(give: GiveStore): void {
  it('binds parameters of every kind, whatever is in them', async () => {
    const { meta, data, rows } = await give().query(
      'SELECT {s:String} AS s, {n:Int64} AS n, {list:Array(String)} AS list, {none:Nullable(String)} AS none',
      { params: { s: HOSTILE, n: -5, list: [HOSTILE, "'"], none: null } },
    );
    expect(data).toEqual([{ s: HOSTILE, n: -5, list: [HOSTILE, "'"], none: null }]);
    expect(meta.map(({ type }) => type)).toEqual([
      'String',
      'Int64',
      'Array(String)',
      'Nullable(String)',
    ]);
    expect(rows).toBe(1);
  });

  it.each(['query', 'queryReadOnly'] as const)('%s loses no digit', async (method) => {
    const { data } = await give()[method](
      "SELECT toInt64('9007199254740993') AS id, toUInt64('18446744073709551615') AS top, -5 AS small," +
        " toInt64('9007199254740991') AS last, [toInt64('-9007199254740993'), 7] AS list," +
        ` '"9007199254740993, 9007199254740993' AS text, 1e20 AS float`,
    );
    expect(data).toEqual([
      {
        id: '9007199254740993',
        top: '18446744073709551615',
        small: -5,
        last: 9007199254740991,
        list: ['-9007199254740993', 7],
        text: '"9007199254740993, 9007199254740993',
        float: 1e20,
      },
    ]);
  });

  it('says what is wrong with a question', async () => {
    const failed = give().query('SELECT nothing_like_it FROM weft.events');
    await expect(failed).rejects.toMatchObject({ code: 'query_failed' });
    await expect(failed).rejects.toThrow(/nothing_like_it/);
  });

  it('answers a ping', async () => {
    expect(await give().ping()).toBe(true);
  });
}

function describeReadOnly(give: GiveStore): void {
  it('answers a question of somebody else with names, types and rows', async () => {
    const tenant = newTenant();
    await give().insert('events', eventRows(tenant, 0, 3), tenant);
    const answer = await give().queryReadOnly(
      'SELECT id, total FROM events WHERE tenant = {tenant:String} ORDER BY id -- comment',
      { params: { tenant } },
    );
    expect(answer).toEqual({
      meta: [
        { name: 'id', type: 'String' },
        { name: 'total', type: 'Nullable(Int64)' },
      ],
      data: [
        { id: 'e0', total: 100 },
        { id: 'e1', total: 101 },
        { id: 'e2', total: 102 },
      ],
      rows: 3,
    });
  });

  it('names the place of a mistake in the words of the engine', async () => {
    const failed = give().queryReadOnly('SELECT id FROM events WHERE');
    await expect(failed).rejects.toMatchObject({ code: 'query_failed' });
    await expect(failed).rejects.toThrow(/Syntax error/);
    await expect(failed).rejects.not.toThrow(/formatQuery/);
  });

  it('refuses more rows than the limit, and never cuts an answer off', async () => {
    const many = give().queryReadOnly('SELECT number FROM numbers(5000)', {
      limits: { rowsMax: 1_000 },
    });
    await expect(many).rejects.toMatchObject({ code: 'query_failed' });
    await expect(many).rejects.toThrow(/LIMIT/);
  });

  it('refuses a query that needs more memory than the limit', async () => {
    const big = give().queryReadOnly(
      'SELECT groupArray(number), groupArray(toString(number)) FROM numbers(1000000)',
      {
        limits: { memoryBytesMax: 8_000_000 },
      },
    );
    expect(await codeOf(big)).toBe('query_failed');
  });

  it('ends a ruinous query at its limit, and takes inserts meanwhile', async () => {
    const tenant = newTenant();
    const ruinous = codeOf(
      give().queryReadOnly(
        'SELECT count() FROM numbers(1000000) AS a, numbers(1000000) AS b WHERE a.number * b.number % 7 = 3',
        { limits: { timeoutMs: 2_000 } },
      ),
    );
    let isRunning = true;
    const ended = ruinous.finally(() => (isRunning = false));
    let inserts = 0;
    while (isRunning) {
      await give().insert(
        'events',
        eventRows(tenant, inserts * 10, inserts * 10 + 10),
        `${tenant}/${inserts}`,
      );
      inserts += 1;
    }
    expect(await ended).toBe('query_timeout');
    expect(inserts).toBeGreaterThan(3);
    expect(await countOf(give(), 'weft.events', tenant)).toBe(inserts * 10);
  });
}

function describeStreams(give: GiveStore): void {
  const textOf = async (chunks: AsyncIterable<Uint8Array>): Promise<string> => {
    const decoder = new TextDecoder();
    let text = '';
    for await (const chunk of chunks) text += decoder.decode(chunk, { stream: true });
    return text + decoder.decode();
  };

  it('streams many rows in the format asked for, with one header', async () => {
    const sql = "SELECT number AS n, '中文' AS name FROM numbers(200000)";
    const limits = { rowsMax: 1_000_000 };
    const csv = await textOf(await give().streamReadOnly(sql, { format: 'CSVWithNames', limits }));
    const lines = csv.trimEnd().split('\n');
    expect(lines).toHaveLength(200_001);
    expect(lines.filter((line) => line === '"n","name"')).toHaveLength(1);
    expect(new Set(lines)).toContain('199999,"中文"');
  });

  it('prefers the format asked for to the one in the text', async () => {
    const chunks = await give().streamReadOnly('SELECT 1 AS n FORMAT CSV', {
      format: 'JSONEachRow',
    });
    expect(await textOf(chunks)).toBe('{"n":1}\n');
  });

  it('says what is wrong before the first byte', async () => {
    const ask = (sql: string): Promise<unknown> => give().streamReadOnly(sql, { format: 'CSV' });
    expect(await codeOf(ask('SELECT nothing_like_it'))).toBe('query_failed');
    expect(await codeOf(ask("SELECT * FROM file('/etc/hostname')"))).toBe('query_refused');
  });
}
