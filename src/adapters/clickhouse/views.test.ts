/** The tables and views of `sql/`, by what they answer: given rows as the archive writes them, in any order. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startChdb } from '../chdb/process.ts';
import { openEmbedded, readMigrations, type Embedded } from './embedded.contract.ts';
import { readMigration } from './migrations.ts';

const DAY_MS = 86_400_000;
/** 2026-03-01 00:00 UTC. */
const T0 = 1_772_323_200_000;
let embedded: Embedded;
let inserts = 0;

beforeAll(async () => {
  embedded = await openEmbedded(startChdb);
}, 60_000);
afterAll(() => embedded.close());

type Values = Readonly<Record<string, unknown>>;

/** Each row under a token of its own: nothing is deduplicated before the table's key does it. */
async function given(table: string, ...rows: readonly Values[]): Promise<void> {
  for (const row of rows)
    await embedded.store.insert(table, [JSON.stringify(row)], `views/${(inserts += 1)}`);
}

const ask = async (sql: string, tenant: string): Promise<readonly Values[]> =>
  (await embedded.store.queryReadOnly(sql, { params: { tenant } })).data;

const event = (tenant: string, id: string, values: Values): Values => ({
  tenant,
  id,
  type: 'order_paid',
  source: 'pos',
  at: T0,
  received_at: T0,
  profile: 'p1',
  topic: 'events',
  partition: 0,
  offset: 0,
  index: 0,
  ...values,
});

describe('events', () => {
  it('keep the first copy of an id, in whatever order the copies come', async () => {
    const copies = [
      event('first', 'a', { offset: 7, total: 700 }),
      event('first', 'a', { offset: 5, index: 3, total: 503 }),
      event('first', 'a', { offset: 5, index: 2, total: 502, at: T0 + 40 * DAY_MS }),
      event('first', 'a', { offset: 6, total: 600 }),
    ];
    await given('events', ...copies);
    const sql = 'SELECT total FROM events WHERE tenant = {tenant:String}';
    expect(await ask(sql, 'first')).toEqual([{ total: 502 }]);
    // A condition that only another copy meets must not bring that copy up.
    expect(await ask(`${sql} AND total = 600`, 'first')).toEqual([]);
    expect(await ask(`${sql} AND at < '2026-03-05'`, 'first')).toEqual([]);
  });
});

describe('profiles', () => {
  it('know the root of every absorbed one, however long the chain and whatever the order', async () => {
    const created = (id: string): Values => ({
      tenant: 'roots',
      id,
      created_at: T0,
      created_by: 'device',
      anonymous: false,
    });
    const merge = (
      absorbed: string,
      survivor: string,
      before: readonly string[],
      at: number,
    ): Values => ({
      tenant: 'roots',
      merge_id: `${absorbed}@0`,
      survivor,
      absorbed,
      absorbed_before: before,
      rule: 'P0',
      event: 'e',
      effective_at: T0,
      changed_at: at,
    });
    await given('profiles', ...['a', 'b', 'c', 'd'].map(created));
    await given(
      'merges',
      merge('b', 'a', ['c'], T0 + 2_000),
      merge('c', 'b', [], T0 + 1_000),
      merge('c', 'b', [], T0 + 1_000),
    );
    const sql =
      'SELECT id, root, absorbed_at FROM profiles WHERE tenant = {tenant:String} ORDER BY id';
    expect(await ask(sql, 'roots')).toEqual([
      { id: 'a', root: 'a', absorbed_at: null },
      { id: 'b', root: 'a', absorbed_at: '2026-03-01 00:00:02.000' },
      { id: 'c', root: 'a', absorbed_at: '2026-03-01 00:00:01.000' },
      { id: 'd', root: 'd', absorbed_at: null },
    ]);
  });

  it('take the longer chain when two merges have the same log time', async () => {
    const merge = { tenant: 'tie', rule: 'P0', event: 'e', effective_at: T0, changed_at: T0 };
    await given(
      'merges',
      { ...merge, merge_id: 'y@0', survivor: 'x', absorbed: 'y', absorbed_before: ['z'] },
      { ...merge, merge_id: 'z@0', survivor: 'y', absorbed: 'z', absorbed_before: [] },
    );
    await given('profiles', {
      tenant: 'tie',
      id: 'z',
      created_at: T0,
      created_by: '',
      anonymous: true,
    });
    expect(await ask('SELECT root FROM profiles WHERE tenant = {tenant:String}', 'tie')).toEqual([
      { root: 'x' },
    ]);
  });
});

describe('profile_identifiers', () => {
  it('stay closed once closed', async () => {
    const row = {
      tenant: 'ids',
      profile: 'p',
      type: 'phone',
      scope: '',
      value: '138****8000',
      digest: 'd',
      valid_from: T0,
    };
    await given('profile_identifiers', { ...row, valid_to: T0 + 5 }, { ...row, valid_to: null });
    const sql =
      'SELECT profile, root, value, valid_to FROM profile_identifiers WHERE tenant = {tenant:String}';
    expect(await ask(sql, 'ids')).toEqual([
      { profile: 'p', root: 'p', value: '138****8000', valid_to: '2026-03-01 00:00:00.005' },
    ]);
  });
});

const tag = (tenant: string, profile: string, name: string, values: Values): Values => ({
  tenant,
  profile,
  tag: name,
  value: null,
  anchor: null,
  at: T0,
  offset: 0,
  index: 0,
  ...values,
});

describe('tag_changes', () => {
  it('have a row a tag, once however often the change came, and all changes of one moment', async () => {
    const change = (offset: number, values: Values): Values => ({
      tenant: 'moves',
      profile: 'p',
      cause: 'time',
      cause_id: '',
      at: T0,
      partition: 3,
      offset,
      index: 0,
      ...values,
    });
    const both = { tags: ['a', 'b'], olds: ['1', null], news: [null, '中文'] };
    await given(
      'changes',
      change(7, both),
      change(8, both),
      change(9, { tags: ['a'], olds: [null], news: ['2'] }),
      change(7, { ...both, tenant: 'others' }),
    );
    const sql = `SELECT tag, old, new, cause, cause_id, at, partition FROM tag_changes
      WHERE tenant = {tenant:String} AND profile = 'p' ORDER BY tag, new`;
    const row = { cause: 'time', cause_id: '', at: '2026-03-01 00:00:00.000', partition: 3 };
    expect(await ask(sql, 'moves')).toEqual([
      { tag: 'a', old: null, new: '2', ...row },
      { tag: 'a', old: '1', new: null, ...row },
      { tag: 'b', old: null, new: '中文', ...row },
    ]);
  });
});

describe('profile_tags', () => {
  it('hold the latest value, not one that left, and none twice', async () => {
    await given(
      'profile_tags',
      tag('tags', 'p', 'a', { value: '2', at: T0 + 1, offset: 0 }),
      tag('tags', 'p', 'a', { value: '1', at: T0, offset: 9 }),
      tag('tags', 'p', 'b', { value: 'x', offset: 1 }),
      tag('tags', 'p', 'b', { offset: 1, index: 1 }),
    );
    const sql = 'SELECT tag, value FROM profile_tags WHERE tenant = {tenant:String}';
    expect(await ask(sql, 'tags')).toEqual([{ tag: 'a', value: '2' }]);
  });

  it('count whole days from an anchor to the clock of the partition furthest behind', async () => {
    await given(
      'clocks',
      { partition: 0, clock: T0 + 30 * DAY_MS },
      { partition: 1, clock: T0 + 9 * DAY_MS },
      { partition: 1, clock: T0 + 10 * DAY_MS - 1 },
      { partition: 1, clock: T0 + 8 * DAY_MS },
    );
    await given(
      'profile_tags',
      tag('clock', 'p', 'days', { anchor: T0 }),
      tag('clock', 'q', 'days', { anchor: T0 - 1 }),
      tag('clock', 'r', 'days', { anchor: T0 + 20 * DAY_MS }),
    );
    const sql =
      'SELECT profile, value FROM profile_tags WHERE tenant = {tenant:String} ORDER BY profile';
    expect(await ask(sql, 'clock')).toEqual([
      { profile: 'p', value: '9' },
      { profile: 'q', value: '10' },
      { profile: 'r', value: '0' },
    ]);
  });
});

describe('rfm', () => {
  it('follows the roles of the newest catalogue', async () => {
    const catalogue = (at: number, name: string, rfm: string): Values => ({
      tenant: 'rfm',
      catalogue: `c${at}`,
      at,
      name,
      kind: 'sum',
      unit: '',
      title_en: name,
      title_zh: '近一年消费金额',
      rfm,
    });
    await given(
      'catalogue_tags',
      catalogue(T0 + 2, 'days_since_order', 'R'),
      catalogue(T0 + 2, 'orders_365d', 'F'),
      catalogue(T0 + 2, 'spent_365d', 'M'),
      catalogue(T0 + 1, 'orders_30d', 'F'),
    );
    await given(
      'profile_tags',
      tag('rfm', 'p', 'days_since_order', { anchor: T0 }),
      tag('rfm', 'p', 'orders_365d', { value: '3' }),
      tag('rfm', 'p', 'spent_365d', { value: '10850' }),
      tag('rfm', 'p', 'orders_30d', { value: '99' }),
      tag('rfm', 'long-ago', 'days_since_order', { anchor: T0 - 400 * DAY_MS }),
      tag('rfm', 'never', 'vip', { value: 'true' }),
    );
    const sql =
      'SELECT profile, recency_days, frequency, monetary FROM rfm WHERE tenant = {tenant:String} ORDER BY profile';
    expect(await ask(sql, 'rfm')).toEqual([
      { profile: 'long-ago', recency_days: 409, frequency: 0, monetary: 0 },
      { profile: 'p', recency_days: 9, frequency: 3, monetary: 10850 },
    ]);
    const titles = "SELECT title_zh FROM tags WHERE tenant = {tenant:String} AND rfm = 'M'";
    expect(await ask(titles, 'rfm')).toEqual([{ title_zh: '近一年消费金额' }]);
  });
});

describe('funnel', () => {
  it('counts shoppers by their root, events once, and days apart', async () => {
    await given(
      'events',
      event('funnel', '1', { type: 'product_viewed', profile: 'old' }),
      event('funnel', '2', { type: 'product_viewed', profile: 'new' }),
      event('funnel', '2', { type: 'product_viewed', profile: 'new', offset: 1 }),
      event('funnel', '3', { type: 'cart_added', profile: 'new' }),
      event('funnel', '4', { type: 'order_paid', profile: 'new', total: 500 }),
      event('funnel', '5', { type: 'order_paid', profile: 'x', total: 70, at: T0 + DAY_MS }),
    );
    await given('merges', {
      tenant: 'funnel',
      merge_id: 'new@0',
      survivor: 'old',
      absorbed: 'new',
      absorbed_before: [],
      rule: 'P0',
      event: '3',
      effective_at: T0,
      changed_at: T0,
    });
    const sql = 'SELECT * EXCEPT (tenant) FROM funnel WHERE tenant = {tenant:String} ORDER BY day';
    expect(await ask(sql, 'funnel')).toEqual([
      {
        day: '2026-03-01',
        product_views: 2,
        cart_adds: 1,
        checkouts: 0,
        orders: 1,
        product_viewers: 1,
        cart_adders: 1,
        checkout_starters: 0,
        buyers: 1,
        revenue: 500,
      },
      {
        day: '2026-03-02',
        product_views: 0,
        cart_adds: 0,
        checkouts: 0,
        orders: 1,
        product_viewers: 0,
        cart_adders: 0,
        checkout_starters: 0,
        buyers: 1,
        revenue: 70,
      },
    ]);
  });
});

describe('trigger_performance', () => {
  it('says what was decided, why not, what went out and what its coupons brought', async () => {
    const action = (id: string, outcome: string, reason: string | null): Values => ({
      tenant: 'perf',
      id,
      trigger: 'cart',
      profile: 'p',
      event: 'e',
      correlation: null,
      due_at: null,
      decided_at: T0,
      outcome,
      reason,
      coupon: null,
      channel: null,
      partition: 0,
      offset: 0,
      index: 0,
    });
    const delivery = (
      id: string,
      channel: string,
      outcome: string,
      code: string | null,
    ): Values => ({
      tenant: 'perf',
      id,
      action: id.split(':')[0],
      trigger: 'cart',
      profile: 'p',
      step: 0,
      channel,
      attempt: 1,
      outcome,
      reason: null,
      code,
      at: T0,
      duration_ms: 3,
      partition: 0,
      offset: 0,
      index: 0,
    });
    await given(
      'actions',
      action('a', 'decided', null),
      action('b', 'decided', null),
      action('c', 'suppressed', 'no_consent'),
      action('c', 'suppressed', 'no_consent'),
    );
    await given(
      'deliveries',
      delivery('a:0', 'coupon:x', 'issued', 'K1'),
      delivery('b:0', 'coupon:x', 'issued', 'K2'),
      delivery('a:1', 'push', 'failed', null),
      delivery('a:2', 'sms', 'accepted', null),
    );
    await given(
      'events',
      event('perf', '1', { coupons: ['K1', 'other'] }),
      event('perf', '2', { type: 'coupon_redeemed', properties: '{"code":"K1"}' }),
    );
    const sql = 'SELECT * EXCEPT (tenant) FROM trigger_performance WHERE tenant = {tenant:String}';
    expect(await ask(sql, 'perf')).toEqual([
      {
        trigger: 'cart',
        decided: 2,
        suppressed: 1,
        suppressed_by: { no_consent: 1 },
        delivered: 1,
        failed: 1,
        withheld: 0,
        coupons_issued: 2,
        coupons_redeemed: 1,
      },
    ]);
  });
});

describe('the files of sql/', () => {
  it('are numbered without gaps, and no column depends on when an insert runs', () => {
    const migrations = readMigrations();
    expect(migrations.map(({ number }) => number)).toEqual(migrations.map((_, i) => i + 1));
    const text = migrations.flatMap(({ statements }) => statements).join('\n');
    expect(text).not.toMatch(/\bnow\w*\(|\brand\w*\(|generateUUID/i);
  });

  it('are split at the ends of lines, comments left out', () => {
    const text = "-- a; b\nSELECT ';'; -- no\n;\nSELECT 2;\n\n-- end\n";
    expect(readMigration('007-some-thing.sql', text)).toEqual({
      number: 7,
      name: 'some-thing',
      statements: ["SELECT ';'; -- no", 'SELECT 2'],
    });
    expect(() => readMigration('7.sql', '')).toThrow(/is named like/);
  });

  it('let a condition on a profile reach the index through the lists of its changes', async () => {
    const sql = "SELECT new FROM weft.tag_changes WHERE tenant = {tenant:String} AND profile = 'p'";
    const text = JSON.stringify(await ask(`EXPLAIN indexes = 1 ${sql}`, 'moves'));
    expect(text).toMatch(/\(profile in \['p', 'p'\]\)/);
  });

  it('let a condition on the key reach the index through a view', async () => {
    const plan = await ask(
      "EXPLAIN indexes = 1 SELECT total FROM weft.events WHERE tenant = {tenant:String} AND id = 'a'",
      'first',
    );
    const text = JSON.stringify(plan);
    expect(text).toMatch(/PrimaryKey/);
    expect(text).toMatch(/\(id in \['a', 'a'\]\)/);
  });
});
