/** An unknown column would be ignored, and one of another type converted: both would go unseen. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startChdb } from '../src/adapters/chdb/process.ts';
import { openEmbedded, type Embedded } from '../src/adapters/clickhouse/embedded.contract.ts';
import { createArchiveColumns } from './archive-columns.ts';

let embedded: Embedded;

beforeAll(async () => {
  embedded = await openEmbedded(startChdb);
}, 60_000);
afterAll(() => embedded.close());

it.each(Object.entries(createArchiveColumns()))(
  'what the archive writes of %s are the columns of its table, all of them, in their types',
  async (table, columns) => {
    const { data } = await embedded.store.query(
      `SELECT name, type FROM system.columns
       WHERE database = 'weft_store' AND table = {table:String} AND default_kind = ''`,
      { params: { table } },
    );
    const written = Object.entries(columns).map(([name, { type }]) => ({ name, type }));
    expect(written).toEqual(data);
  },
);
