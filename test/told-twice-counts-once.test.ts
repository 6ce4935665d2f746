// Networks tell things twice. However an event comes again, it counts once, and the profile it belongs to says so.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { newDir } from './support/places.ts';
import { query, weftOk } from './support/weft.ts';

interface Named {
  readonly type: 'member' | 'device';
  readonly value: string;
}

const member = (value: string): Named => ({ type: 'member', value });
const device = (value: string): Named => ({ type: 'device', value });

const view = (id: string, minute: number, ...identifiers: readonly Named[]) => ({
  id,
  source: 'app',
  type: 'product_viewed',
  at: new Date(Date.UTC(2026, 2, 1, 10, minute)).toISOString(),
  identifiers,
  items: [{ sku: 'A1', quantity: 1, price: 9.9 }],
});

const PLAIN = view('plain', 0, member('M1'));
const JOINED = view('joined', 0, member('M2'));
const ABSORBED = view('absorbed', 1, device('device-3'));

const EVENTS = [
  PLAIN,
  PLAIN,
  JOINED,
  view('guest', 1, device('device-2')),
  view('login', 2, member('M2'), device('device-2')),
  JOINED,
  view('before', 0, member('M3')),
  ABSORBED,
  view('login too', 2, member('M3'), device('device-3')),
  ABSORBED,
];

const VIEWS = `
  SELECT i.value AS member, toInt32(t.value) AS views FROM weft.profile_tags AS t
  INNER JOIN weft.profile_identifiers AS i ON i.profile = t.profile AND i.type = 'member'
  WHERE t.tag = 'product_views_1d'`;

describe('told twice counts once', () => {
  let views: ReadonlyMap<string, number>;
  beforeAll(async () => {
    const file = join(newDir(), 'told.ndjson');
    writeFileSync(file, EVENTS.map((event) => `${JSON.stringify(event)}\n`).join(''));
    const dir = join(newDir(), 'data');
    await weftOk('ingest', file, '--format', 'canonical', '--data-dir', dir);
    const rows = await query<{ member: string; views: number }>(dir, VIEWS);
    views = new Map(rows.map((row) => [row.member, row.views]));
  });

  it('when nothing happened in between', () => {
    expect(views.get('M1')).toBe(1);
  });

  it('when its shopper was joined by another in between, and goes on as before', () => {
    expect(views.get('M2')).toBe(3);
  });

  // Known: the second copy goes to the survivor at once, and the state that would recognise it follows. When this
  // begins to pass, take the `.fails` away, and the choice of the seed out of `the-run-equals-the-oracle.test.ts`.
  it.fails('when its shopper was absorbed by another in between', () => {
    expect(views.get('M3')).toBe(3);
  });
});

// More than a profile remembers, so that only the archive can tell.
const VISITS = Array.from({ length: 300 }, (_, day) => ({
  // One in three has no id, one in three has a number for one.
  ...(day % 3 === 0 ? {} : { id: day % 3 === 1 ? day : ` visit ${day} ` }),
  source: 'pos',
  type: 'store_visited',
  at: new Date(Date.UTC(2025, 0, day + 1)).toISOString(),
  identifiers: [member('M1')],
}));

describe('a file read again', () => {
  it('counts once, whether its rows have ids or not', async () => {
    const file = join(newDir(), 'visits.ndjson');
    writeFileSync(file, VISITS.map((event) => `${JSON.stringify(event)}\n`).join(''));
    const dir = join(newDir(), 'data');
    const ingest = ['ingest', file, '--format', 'canonical', '--data-dir', dir];
    await weftOk(...ingest);
    const before = await weftOk('dump', '--data-dir', dir);

    const said = await weftOk(...ingest, '--again');

    expect(said).toContain('300 rows were known already');
    expect(await weftOk('dump', '--data-dir', dir)).toBe(before);
  });
});
