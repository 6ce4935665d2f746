// A file of history sets the time of a quiet directory. What is no event of it must not: it would be there for good.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { newDir } from './support/places.ts';
import { query, weftOk } from './support/weft.ts';

const row = (at: unknown, rest: object = {}) => ({
  source: 'pos',
  type: 'store_visited',
  at,
  identifiers: [{ type: 'member', value: 'M1' }],
  ...rest,
});

const TODAY = new Date();

const ROWS = [
  row('2024-01-01T00:00:00Z'),
  row('2025-06-01T00:00:00Z', { source: 'nonsense' }),
  row('2025-06-01T00:00:00'),
  row(1e300),
  { at: 1e300 },
  row(new Date(TODAY.getTime() + 86_400_000).toISOString()),
  row('2099-01-01T00:00:00Z', { type: 'order_paid' }),
  row('2024-01-01T00:05:00Z'),
];

describe('a bad row', () => {
  let said = '';
  let dir = '';
  beforeAll(async () => {
    const file = join(newDir(), 'clock.ndjson');
    writeFileSync(file, ROWS.map((each) => `${JSON.stringify(each)}\n`).join(''));
    dir = join(newDir(), 'data');
    said = await weftOk('ingest', file, '--format', 'canonical', '--data-dir', dir);
  });

  it('does not move the time of the directory', () => {
    expect(said).toContain('2 events in');
    expect(said).toContain('time stands at 2024-01-01T00:05:00.000Z');
    expect(said).toContain('6 rows are dead letters');
  });

  it('is a dead letter that says why', async () => {
    const dead = await query<{ reason: string }>(dir, 'SELECT reason FROM weft.dead_letters');
    const reasons = dead.map(({ reason }) => reason.slice(0, 25)).toSorted();
    expect(reasons.filter((each) => each.startsWith('/at: lies in the future'))).toHaveLength(2);
    expect(reasons).toHaveLength(6);
  });

  it('leaves the rows around it as they are', async () => {
    const archived = 'SELECT toUnixTimestamp64Milli(received_at) AS received FROM weft.events';
    const rows = await query<{ received: unknown }>(dir, `${archived} ORDER BY received_at`);
    expect(rows.map(({ received }) => new Date(Number(received)).toISOString())).toEqual([
      '2024-01-01T00:00:00.000Z',
      '2024-01-01T00:05:00.000Z',
    ]);
  });
});
