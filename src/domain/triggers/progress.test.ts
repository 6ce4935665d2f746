import { describe, expect, it } from 'vitest';
import type { Json } from '../event.ts';
import { eventOf, LOG, planOf, sequenceOf, Shopper, START } from './fixtures.contract.ts';
import { MARKS_MAX, PROGRESS_MAX } from './state.ts';

const VIEWED = { name: 'seq', on: 'product_viewed', do: LOG };
const THEN = sequenceOf(VIEWED, { event: 'cart_added', within: '10m' });
const THEN_SAME_CART = sequenceOf(VIEWED, {
  event: 'cart_added',
  within: '10m',
  matching: 'cart.id',
});
const COUNT = {
  name: 'count',
  count: { of: 'product_viewed', within: '10m', at_least: 3 },
  do: LOG,
};
const TWICE = sequenceOf({ ...VIEWED, on: 'app_opened' }, { event: 'app_opened', within: '10m' });

const play = (trigger: Json, ...lines: string[]) => new Shopper(planOf(trigger)).play(...lines);

describe('a sequence', () => {
  it.each<[string, Json, string[], string[]]>([
    ['decides at the second event', THEN, ['product_viewed @0m', 'cart_added @5m'], ['seq e2']],
    ['needs the first', THEN, ['cart_added @5m'], []],
    ['decides at the end of the time', THEN, ['product_viewed @0m', 'cart_added @10m'], ['seq e2']],
    ['not after it', THEN, ['product_viewed @0m', 'cart_added @601s'], []],
    ['takes the same moment for after', THEN, ['product_viewed @0m', 'cart_added @0m'], ['seq e2']],
    ['not the other way round', THEN, ['cart_added @0m', 'product_viewed @1m'], []],
    [
      'decides when the first comes after the second, late',
      THEN,
      ['cart_added @5m', 'product_viewed @2m seen 6m'],
      ['seq e2'],
    ],
    [
      'decides once for what the same events complete again',
      THEN,
      ['product_viewed @0m', 'cart_added @1m', 'cart_added @2m', 'product_viewed @1m seen 3m'],
      ['seq e2'],
    ],
    [
      'decides again for new events',
      THEN,
      ['product_viewed @0m', 'cart_added @1m', 'product_viewed @2m', 'cart_added @3m'],
      ['seq e2', 'seq e4'],
    ],
    ['of one kind needs two of them', TWICE, ['app_opened @0m', 'app_opened @9m'], ['seq e2']],
    ['of one kind is not one event', TWICE, ['app_opened @0m', 'clock @9m'], []],
  ])('%s', (_, trigger, lines, expected) => {
    expect(play(trigger, ...lines)).toEqual(expected);
  });

  it('can ask both for the same key, which the action names', () => {
    const shopper = new Shopper(planOf(THEN_SAME_CART));
    const lines = ['product_viewed:C1 @0m', 'cart_added:C2 @1m', 'cart_added @1m'];
    expect(shopper.play(...lines, 'cart_added:C1 @2m')).toEqual(['seq e4']);
    expect(shopper.actions[0]).toMatchObject({ correlation: 'C1', anchor: 'e4', dueAt: null });
  });

  it('asks `where` of the first event only', () => {
    const shopper = new Shopper(planOf({ ...THEN, where: "event.store == 'S1'" }));
    shopper.event(eventOf('a', 'product_viewed', START, undefined, { store: 'S2' }));
    shopper.event(eventOf('b', 'cart_added', START));
    expect(shopper.actions).toEqual([]);
    shopper.event(eventOf('c', 'product_viewed', START + 1, undefined, { store: 'S1' }));
    shopper.event(eventOf('d', 'cart_added', START + 1, undefined, { store: 'S2' }));
    expect(shopper.actions.map(({ event }) => event)).toEqual(['d']);
  });
});

describe('a count', () => {
  it.each<[string, string[], string[]]>([
    ['decides at the last of N', ['@0m', '@1m', '@2m'], ['count e3']],
    ['decides at the end of the time', ['@0m', '@1m', '@10m'], ['count e3']],
    ['not after it', ['@0m', '@1m', '@601s'], []],
    ['slides', ['@0m', '@9m', '@15m', '@19m'], ['count e4']],
    [
      'begins anew after a decision',
      ['@0m', '@1m', '@2m', '@3m', '@4m', '@5m'],
      ['count e3', 'count e6'],
    ],
    ['counts moments that are equal', ['@0m', '@0m', '@0m'], ['count e3']],
    ['is completed by an event out of order', ['@0m', '@8m', '@4m seen 8m'], ['count e3']],
    [
      'is not completed by one from before a decision',
      ['@2m', '@3m', '@4m', '@1m seen 4m', '@5m', '@6m'],
      ['count e3'],
    ],
  ])('%s', (_, lines, expected) => {
    expect(play(COUNT, ...lines.map((line) => `product_viewed ${line}`))).toEqual(expected);
  });

  it('counts by key, and only what meets `where`', () => {
    const count = {
      of: ['product_viewed', 'cart_added'],
      within: '10m',
      at_least: 2,
      matching: 'store',
    };
    const shopper = new Shopper(planOf({ ...COUNT, count, where: "event.channel == 'app'" }));
    const at = (id: string, type: string, store: string, channel: string) =>
      shopper.event(eventOf(id, type, START, undefined, { store, channel }));
    at('a', 'product_viewed', 'S1', 'app');
    at('b', 'product_viewed', 'S2', 'app');
    at('c', 'cart_added', 'S1', 'web');
    expect(shopper.actions).toEqual([]);
    at('d', 'cart_added', 'S1', 'app');
    expect(shopper.actions).toMatchObject([{ event: 'd', correlation: 'S1' }]);
  });

  it('asks `if` at the decision, and is used up whatever the answer', () => {
    const shopper = new Shopper(planOf({ ...COUNT, if: 'orders_30d == 0' }), {
      tags: { orders_30d: 1 },
    });
    const three = (from: number) => [0, 1, 2].map((i) => `product_viewed @${from + i}m`);
    expect(shopper.play(...three(0))).toEqual([]);
    shopper.set({ tags: { orders_30d: 0 } });
    expect(shopper.play('product_viewed @3m', 'product_viewed @4m')).toEqual([]);
    expect(shopper.play('product_viewed @5m')).toEqual(['count e6']);
  });
});

describe('the bounds of sequences and counts', () => {
  it('an event older than `max_event_age` takes no part, except on the history clock', () => {
    const lines = ['product_viewed @0m', 'product_viewed @1m', 'product_viewed @2m seen 13m'];
    const shopper = new Shopper(planOf(COUNT));
    expect(shopper.play(...lines)).toEqual([]);
    expect(shopper.notes).toEqual(['event_too_old count']);
    expect(new Shopper(planOf(COUNT), { history: true }).play(...lines)).toEqual(['count e3']);
  });

  it('forget what can complete nothing any more', () => {
    const shopper = new Shopper(planOf(COUNT, THEN));
    shopper.play('product_viewed @0m', 'product_viewed @1m', 'product_viewed @21m');
    const marks = (name: string) =>
      shopper.state.progress.find(({ trigger }) => shopper.plan.byHash.get(trigger)?.name === name)
        ?.marks ?? [];
    expect(marks('count').map(({ at }) => at - START)).toEqual([60_000, 1_260_000]);
    expect(marks('seq').map(({ at }) => at - START)).toEqual([60_000, 1_260_000]);
    shopper.play('cart_added @22m', 'cart_added @32m', 'cart_added @43m');
    expect(marks('seq').map(({ at }) => at - START)).toEqual(
      [1_320_000, 1_920_000, 2_580_000].slice(2),
    );
  });

  it('hold, however many events and keys there are', () => {
    const count = { of: 'product_viewed', within: '10m', at_least: 32, matching: 'cart.id' };
    const plan = planOf({ ...COUNT, count }, THEN_SAME_CART);
    const shopper = new Shopper(plan, { history: true });
    for (let i = 0; i < 300; i++) {
      shopper.play(`product_viewed:C${i % 40} @${i}s`, `cart_added:D${i % 40} @${i}s`);
      shopper.event(eventOf(`f${i}`, 'product_viewed', START + i * 30_000, 'fixed'));
    }
    expect(shopper.state.progress.length).toBeLessThanOrEqual(PROGRESS_MAX);
    for (const { marks } of shopper.state.progress) {
      expect(marks.length).toBeLessThanOrEqual(MARKS_MAX);
    }
  });
});
