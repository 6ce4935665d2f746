/** A profile's windows are a commutative monoid (identity.md 9, P8), down to their bytes. */
import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Event, Json } from '../event.ts';
import {
  DAY,
  HOUR,
  item,
  MINUTE,
  newShopper,
  on,
  order,
  planOf,
  START,
} from '../tags/fixtures.contract.ts';
import { fold, mergeAggregates, prune } from '../tags/fold.ts';
import { valuesAt } from '../tags/evaluate.ts';
import { emptyValues } from '../tags/values.ts';
import { emptyAggregates, isEmpty, type Aggregates } from './state.ts';

const KINDS: readonly Json[] = [
  { name: 'count', count: 'any', over: '1d' },
  { name: 'sum', sum: 'items.quantity', of: 'any', over: '30d' },
  { name: 'average', average: 'order.total', of: 'order_paid', over: '30d' },
  { name: 'average_property', average: 'properties.stars', of: 'any', over: '30d' },
  { name: 'least', min: 'order.total', of: 'order_paid', over: '30d' },
  { name: 'most', max: 'order.total', of: 'order_paid', over: '2h' },
  { name: 'net_orders', count: 'order_paid', over: '30d' },
  { name: 'net_money', sum: 'order.total', of: 'order_paid', over: '30d' },
  { name: 'distinct', distinct: 'items.sku', of: 'any', over: '5d' },
  { name: 'top', top: { field: 'items.category', k: 3 }, of: 'any', over: '30d' },
  {
    name: 'top_money',
    top: { field: 'items.category', k: 3, by: 'items.amount' },
    of: 'any',
    over: '2d',
  },
  { name: 'hour', peak: 'hour_of_day', of: 'any', over: '30d' },
  { name: 'weekday', peak: 'weekday', of: 'any', over: '30d' },
  { name: 'sessions', sessions: 'any', over: '7d' },
  { name: 'first', first: 'channel', of: 'any' },
  { name: 'last', last: 'store', of: 'any', over: '7d' },
  { name: 'since', days_since: 'order_paid' },
  { name: 'cart', cart: 'value' },
];

const plan = planOf(KINDS);
const NOW = START + 25 * DAY;

const event: fc.Arbitrary<Event> = fc
  .record({
    type: fc.constantFrom(
      'product_viewed',
      'cart_added',
      'cart_removed',
      'order_paid',
      'order_refunded',
      'order_cancelled',
    ),
    at: fc.oneof(
      fc.integer({ min: START, max: NOW }),
      fc.integer({ min: 0, max: 25 * 24 }).map((hour) => START + hour * HOUR),
    ),
    id: fc.integer({ min: 0, max: 4 }),
    fen: fc.constantFrom(0, 50, 700, 12_345),
    pick: fc.integer({ min: 0, max: 9 }),
  })
  .map(({ type, at, id, fen, pick }) =>
    on(type, at, {
      ...order(`o${id}`, fen),
      cart: `c${id % 3}`,
      ...(pick % 3 === 0 ? {} : { channel: `channel ${pick}`, store: `店${pick}` }),
      items: [item(`s${pick}`, pick / 4, fen, `k${pick % 5}`)].slice(0, pick % 4),
      properties: pick % 2 === 0 ? '{"stars":3.5}' : '{}',
    }),
  );

const events = fc.array(event, { maxLength: 30 });

function folded(list: readonly Event[]): Aggregates {
  const aggregates = emptyAggregates();
  for (const one of list) fold(plan, aggregates, one, NOW);
  return aggregates;
}

function merged(into: Aggregates, from: Aggregates): Aggregates {
  const both = { packed: into.packed.slice() };
  mergeAggregates(plan, both, { from, now: NOW });
  return both;
}

describe('the windows of a profile', () => {
  it('are the same bytes in whatever order the events came', () => {
    fc.assert(
      fc.property(events, fc.infiniteStream(fc.nat()), (list, keys) => {
        const shuffled = list
          .map((one) => ({ one, key: keys.next().value as number }))
          .toSorted((a, b) => a.key - b.key)
          .map(({ one }) => one);
        expect(folded(shuffled)).toEqual(folded(list));
      }),
    );
  });

  it('of merged profiles are those of one who saw all the events', () => {
    fc.assert(
      fc.property(events, events, (one, other) => {
        const together = folded([...one, ...other]);
        expect(merged(folded(one), folded(other))).toEqual(together);
        expect(merged(folded(other), folded(one))).toEqual(together);
      }),
    );
  });

  it('merge associatively, and with nothing to themselves', () => {
    fc.assert(
      fc.property(events, events, events, (one, two, three) => {
        const [a, b, c] = [folded(one), folded(two), folded(three)];
        expect(merged(merged(a, b), c)).toEqual(merged(a, merged(b, c)));
        expect(merged(a, emptyAggregates())).toEqual(a);
        expect(merged(emptyAggregates(), a)).toEqual(a);
      }),
    );
  });

  it('say the same before and after what no window sees is forgotten', () => {
    fc.assert(
      fc.property(events, fc.integer({ min: 0, max: 60 * DAY }), (list, later) => {
        const aggregates = folded(list);
        const before = valuesAt(plan, aggregates, NOW + later);
        const size = aggregates.packed.length;
        prune(plan, { aggregates, values: emptyValues() }, NOW + later);
        expect(valuesAt(plan, aggregates, NOW + later)).toEqual(before);
        expect(aggregates.packed.length).toBeLessThanOrEqual(size);
      }),
    );
  });

  it('are, with the values of tags, what their schemas write: bytes', () => {
    const fieldsOf = (name: string): unknown =>
      JSON.parse(readFileSync(new URL(`../../../schemas/${name}.avsc`, import.meta.url), 'utf8'))
        .fields;
    const packed = [{ name: 'packed', type: 'bytes' }];
    expect([fieldsOf('aggregates'), fieldsOf('tag-values')]).toEqual([packed, packed]);
    const aggregates = folded(fc.sample(event, { numRuns: 30, seed: 7 }));
    const values = valuesAt(plan, aggregates, NOW);
    expect([Object.keys(aggregates), Object.keys(values)]).toEqual([['packed'], ['packed']]);
    // Another profile in between: what was open is read again, from a copy as a store gives it.
    valuesAt(plan, folded([on('order_paid', NOW)]), NOW);
    expect(valuesAt(plan, { packed: aggregates.packed.slice() }, NOW)).toEqual(values);
  });

  it('take no bytes where there is nothing', () => {
    const aggregates = emptyAggregates();
    fold(plan, aggregates, on('order_paid', START - 400 * DAY, { type: 'x' } as never), NOW);
    prune(plan, { aggregates, values: emptyValues() }, NOW + 1_000 * DAY);
    expect(valuesAt(plan, emptyAggregates(), NOW).packed).toHaveLength(0);
    const views = planOf([{ name: 'views', count: 'product_viewed', over: '1h' }]);
    const seen = emptyAggregates();
    fold(views, seen, on('product_viewed', NOW), NOW);
    expect(isEmpty(seen)).toBe(false);
    prune(views, { aggregates: seen, values: emptyValues() }, NOW + DAY);
    expect(isEmpty(seen)).toBe(true);
  });

  it('carry series along that the catalogue does not know, until they are forgotten', () => {
    const old = planOf([{ name: 'likes', count: 'post_liked', over: '7d' }]);
    const young = planOf([{ name: 'views', count: 'product_viewed', over: '7d' }]);
    const aggregates = emptyAggregates();
    fold(old, aggregates, on('post_liked', NOW), NOW);
    fold(young, aggregates, on('product_viewed', NOW), NOW);
    fold(young, aggregates, on('product_viewed', NOW), NOW);
    const nothing = emptyValues().packed;
    expect(valuesAt(old, aggregates, NOW).packed).not.toEqual(nothing);
    fold(old, aggregates, on('post_liked', NOW), NOW);
    prune(young, { aggregates, values: emptyValues() }, NOW);
    expect(valuesAt(old, aggregates, NOW).packed).toEqual(nothing);
    expect(valuesAt(young, aggregates, NOW).packed).not.toEqual(nothing);
  });

  it('that are damaged say so', () => {
    const { packed } = folded([on('product_viewed', NOW), on('order_paid', NOW, order('o', 1))]);
    const damaged = (bytes: Uint8Array) => () => valuesAt(plan, { packed: bytes }, NOW);
    expect(damaged(new Uint8Array([9, ...packed.slice(1)]))).toThrow('version 9 is not known');
    expect(damaged(packed.slice(0, -3))).toThrow('do not end where they should');
  });
});

describe('the scenarios of a merge', () => {
  const day = (n: number) => START + n * DAY + 12 * HOUR;
  const times = (count: number, at: number) =>
    Array.from({ length: count }, () => on('product_viewed', at));
  const perDay = (counts: readonly number[], lastDay: number) =>
    counts.flatMap((count, index) => times(count, day(lastDay - counts.length + 1 + index)));

  it('S83: days add up, and the window ends at the later of both', () => {
    const days = planOf([{ name: 'n', count: 'product_viewed', over: '13d' }]);
    const [survivor, absorbed] = [newShopper(days), newShopper(days)];
    for (const one of perDay([2, 0, 1, 3, 0, 1, 5], 20)) absorbed.see(one);
    for (const one of perDay([0, 1, 2, 0, 1, 0, 4], 21)) survivor.see(one);
    survivor.absorb(absorbed, day(21));
    // What is left of [2] 0 2 5 0 2 5 4 as one day after the other leaves.
    const left = Array.from({ length: 9 }, (_, n) => survivor.tags(day(21 + 6 + n))['n'] ?? 0);
    expect(left).toEqual([20, 18, 18, 16, 11, 11, 9, 4, 0]);
  });

  it('S84: "at least 3" is entered exactly once, by the survivor', () => {
    const three = planOf([
      { name: 'n', count: 'product_viewed', over: '13d' },
      { name: 'keen', when: 'n >= 3' },
    ]);
    const [survivor, absorbed] = [newShopper(three), newShopper(three)];
    for (const one of perDay([0, 0, 2], 5)) survivor.see(one);
    for (const one of perDay([0, 0, 1], 5)) absorbed.see(one);
    expect(survivor.absorb(absorbed, day(5))).toEqual([
      { name: 'n', old: 2, new: 3, anchor: null },
      { name: 'keen', old: null, new: true, anchor: null },
    ]);
    expect(survivor.absorb(newShopper(three), day(5))).toEqual([]);
  });

  it('S86: sessions, first and last, and revenue', () => {
    const all = planOf([
      { name: 'sessions', sessions: 'any', over: '12d' },
      { name: 'first', first: 'at', of: 'any' },
      { name: 'last', last: 'at', of: 'any' },
      { name: 'revenue', sum: 'order.total', of: 'order_paid' },
    ]);
    const shopper = (moments: readonly number[], fen: number) => {
      const one = newShopper(all);
      moments.forEach((at, index) => {
        one.see(on('order_paid', at, order(`${at}`, index === 0 ? fen : 0)));
      });
      return one;
    };
    const survivor = shopper([day(1), day(2), day(3)], 1_000);
    const absorbed = shopper([day(1) - HOUR, day(1) + HOUR, day(3) + HOUR, day(4)], 2_000);
    survivor.absorb(absorbed, day(5));
    expect(survivor.tags(day(5))).toEqual({
      sessions: 7,
      first: new Date(day(1) - HOUR).toISOString(),
      last: new Date(day(4)).toISOString(),
      revenue: 30,
    });
  });

  it('S86: sessions of both that touch are one', () => {
    const sessions = planOf([{ name: 'sessions', sessions: 'any', over: '12d' }]);
    const [one, other] = [newShopper(sessions), newShopper(sessions)];
    one.see(on('page_viewed', day(1)));
    one.see(on('page_viewed', day(1) + HOUR));
    other.see(on('page_viewed', day(1) + 30 * MINUTE));
    one.absorb(other, day(2));
    expect(one.tags(day(2))).toEqual({ sessions: 1 });
  });
});
