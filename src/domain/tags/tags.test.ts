/** Each kind of tag by example: what it counts, when it lets go, what it says. */
import { describe, expect, it } from 'vitest';
import type { Event } from '../event.ts';
import { fixedZone } from '../zone.ts';
import {
  DAY,
  HOUR,
  item,
  MINUTE,
  newShopper,
  on,
  order,
  planOf,
  shopperOf,
  START,
  zoneOf,
} from './fixtures.contract.ts';
import { rfmOf } from './present.ts';

/** What one tag says after these events, at a moment. */
function say(definition: object, events: readonly Event[], now: number, zone = fixedZone(0)) {
  const plan = planOf([{ name: 'tag', ...definition }] as never, zone);
  return shopperOf(plan, events).tags(now)['tag'];
}

const views = (...moments: readonly number[]) =>
  moments.map((at) => on('product_viewed', START + at));

describe('a window', () => {
  it.each([
    // At 10:02, an hour reaches back to the tile of 9:00.
    ['1h', [9 * HOUR - 1], 10 * HOUR + 2 * MINUTE, undefined],
    ['1h', [9 * HOUR], 10 * HOUR + 2 * MINUTE, 1],
    ['1h', [9 * HOUR], 10 * HOUR + 5 * MINUTE - 1, 1],
    ['1h', [9 * HOUR], 10 * HOUR + 5 * MINUTE, undefined],
    ['12h', [0], 12 * HOUR + 5 * MINUTE - 1, 1],
    ['12h', [0], 12 * HOUR + 5 * MINUTE, undefined],
    ['13h', [0], 14 * HOUR - 1, 1],
    ['13h', [0], 14 * HOUR, undefined],
    ['7d', [59 * MINUTE], 7 * DAY + HOUR - 1, 1],
    ['7d', [59 * MINUTE], 7 * DAY + HOUR, undefined],
    ['12d', [0], 12 * DAY + HOUR - 1, 1],
    ['13d', [0], 14 * DAY - 1, 1],
    ['13d', [0], 14 * DAY, undefined],
    ['30d', [0, 5 * DAY, 31 * DAY], 31 * DAY, 2],
  ])('of %s holds what is in its tiles', (over, moments, now, count) => {
    expect(say({ count: 'product_viewed', over }, views(...moments), START + now)).toBe(count);
  });

  it('of days begins at midnight of the shop', () => {
    const shanghai = fixedZone(8 * HOUR);
    const tag = { count: 'product_viewed', over: '13d' };
    const evening = views(15 * HOUR + 59 * MINUTE);
    const midnight = START + 13 * DAY + 16 * HOUR;
    expect(say(tag, evening, midnight - 1, shanghai)).toBe(1);
    expect(say(tag, evening, midnight, shanghai)).toBeUndefined();
    expect(say(tag, views(16 * HOUR), midnight, shanghai)).toBe(1);
  });

  it('of days lets go at midnight also where the day had 23 or 25 hours', () => {
    const newYork = zoneOf('America/New_York');
    const plan = planOf([{ name: 'tag', count: 'product_viewed', over: '13d' }], newYork);
    // 14 days on, the clocks have changed: midnight is an hour earlier in UTC in March, later in
    // November.
    for (const [seen, gone] of [
      ['2026-03-01T12:00:00Z', '2026-03-15T04:00:00Z'],
      ['2026-10-25T12:00:00Z', '2026-11-08T05:00:00Z'],
    ] as const) {
      const shopper = shopperOf(plan, [on('product_viewed', Date.parse(seen))]);
      expect(shopper.nextAt()).toBe(Date.parse(gone));
      expect(shopper.tags(Date.parse(gone) - 1)).toEqual({ tag: 1 });
      expect(shopper.tags(Date.parse(gone))).toEqual({});
    }
  });

  it('takes a late event into its tile, and one older than itself not at all', () => {
    const plan = planOf([{ name: 'tag', count: 'product_viewed', over: '7d' }]);
    const shopper = newShopper(plan);
    const now = START + 30 * DAY;
    shopper.see(on('product_viewed', now));
    expect(shopper.see(on('product_viewed', now - 6 * DAY), now)).toMatchObject([
      { old: 1, new: 2 },
    ]);
    expect(shopper.see(on('product_viewed', now - 8 * DAY), now)).toEqual([]);
    expect(shopper.tags(now)).toEqual({ tag: 2 });
    expect(shopper.nextAt()).toBe(now + DAY + HOUR);
  });

  it('counts an event of a clock that runs ahead at once', () => {
    const shopper = newShopper(planOf([{ name: 'tag', count: 'product_viewed', over: '1h' }]));
    shopper.see(on('product_viewed', START + 4 * MINUTE), START);
    expect(shopper.tags(START)).toEqual({ tag: 1 });
    expect(shopper.nextAt()).toBe(START + HOUR + 5 * MINUTE);
  });

  it('without a span is for ever', () => {
    const plan = planOf([{ name: 'tag', count: 'product_viewed' }]);
    const shopper = shopperOf(plan, views(0, DAY));
    expect(shopper.nextAt()).toBeNull();
    expect(shopper.tags(START + 5_000 * DAY)).toEqual({ tag: 2 });
  });

  it('is left at its edge, once, and the change says so', () => {
    const shopper = shopperOf(
      planOf([
        { name: 'views_1h', count: 'product_viewed', over: '1h' },
        { name: 'keen', when: 'views_1h >= 2' },
      ]),
      views(0, MINUTE, 6 * MINUTE),
    );
    expect(shopper.nextAt()).toBe(START + HOUR + 5 * MINUTE);
    expect(shopper.pass(START + HOUR + 5 * MINUTE - 1)).toEqual([]);
    expect(shopper.pass(START + 2 * HOUR)).toEqual([
      { name: 'views_1h', old: 3, new: 1, anchor: null },
      { name: 'keen', old: true, new: null, anchor: null },
      { name: 'views_1h', old: 1, new: null, anchor: null },
    ]);
    expect(shopper.nextAt()).toBeNull();
  });
});

describe('a count, sum, average or extreme', () => {
  const paid = [
    on('order_paid', START, { ...order('a', 10_000, 2_000), items: [item('x', 2, 5_000)] }),
    on('order_paid', START + HOUR, { ...order('b', 5_001), items: [item('y', 0.35, 9_990)] }),
    on('order_paid', START + 2 * HOUR, { source: 'pos', store: 'S1', ...order('c', 3) }),
  ];
  it.each([
    [{ count: 'order_paid', over: '1d' }, 3],
    [{ count: ['order_paid', 'product_viewed'], over: '1d' }, 3],
    [{ count: 'any' }, 3],
    [{ count: 'order_paid', where: "event.source == 'pos'" }, 1],
    [{ count: 'order_paid', where: 'event.order.total >= 50.01' }, 2],
    [{ count: 'order_paid', where: "event.store == 'S2'" }, undefined],
    [{ sum: 'order.total', of: 'order_paid', over: '1d' }, 150.04],
    [{ sum: 'order.gross', of: 'order_paid' }, 170.04],
    [{ sum: 'items.quantity', of: 'order_paid' }, 2.35],
    [{ sum: 'items.amount', of: 'order_paid' }, 134.97],
    [{ average: 'order.total', of: 'order_paid', over: '1d' }, 50.01],
    [{ average: 'items.quantity', of: 'order_paid', over: '1d' }, 0.7833],
    [{ min: 'order.total', of: 'order_paid', over: '1d' }, 0.03],
    [{ max: 'order.discount', of: 'order_paid', over: '1d' }, 20],
    [{ min: 'order.discount', of: 'order_paid', over: '1d' }, 0],
    [{ max: 'items.quantity', of: 'order_paid' }, 2],
    [{ min: 'order.total', of: 'order_refunded' }, undefined],
    [{ average: 'order.total', of: 'order_refunded', over: '1d' }, undefined],
  ])('%o is %s', (definition, expected) => {
    expect(say(definition, paid, START + 3 * HOUR)).toBe(expected);
  });

  it('reads properties, where they are numbers', () => {
    const rated = (properties: object) =>
      on('post_commented', START, { properties: JSON.stringify(properties) });
    const events = [
      rated({ stars: 4 }),
      rated({ stars: 2.5 }),
      rated({}),
      rated({ stars: 'five' }),
    ];
    const of = 'post_commented';
    expect(say({ average: 'properties.stars', of }, events, START)).toBe(3.25);
    expect(say({ sum: 'properties.stars', of }, events, START)).toBe(6.5);
    expect(say({ max: 'properties.stars', of }, events, START)).toBe(4);
  });
});

describe('a share or a conversion', () => {
  const events = [
    on('cart_added', START),
    on('cart_added', START + 1),
    on('cart_added', START + 2),
    on('order_paid', START + 3, { ...order('a', 7_000, 3_000), channel: 'store' }),
    on('order_refunded', START + 4, order('a', 1_000)),
  ];
  it.each([
    [{ share: { of: 'order.discount', in: 'order.gross' }, over: '90d' }, 0.3],
    [{ conversion: { from: 'cart_added', to: 'order_paid' }, over: '30d' }, 0.3333],
    [{ conversion: { from: 'order_paid', to: 'cart_added' } }, 3],
    [{ conversion: { from: 'followed', to: 'order_paid' } }, undefined],
    [
      {
        share: {
          of: { sum: 'order.total', of: 'order_refunded' },
          in: { sum: 'order.total', of: 'order_paid' },
        },
      },
      0.1429,
    ],
    [
      {
        share: {
          of: { count: 'order_paid', where: "event.channel == 'web'" },
          in: { count: 'order_paid' },
        },
      },
      0,
    ],
    [
      { share: { of: { sum: 'order.total', of: 'order_paid' }, in: { count: 'cart_added' } } },
      23.33,
    ],
  ])('%o is %s', (definition, expected) => {
    expect(say(definition, events, START + HOUR)).toBe(expected);
  });

  it('of weekends goes by the days of the shop', () => {
    // START is a Monday; Friday 20:00 UTC is Saturday in Shanghai.
    const at = (day: number) => on('order_paid', START + day * DAY + 20 * HOUR, order(`${day}`, 1));
    const events4 = [at(0), at(4), at(5), at(6)];
    const tag = { share: 'weekend', of: 'order_paid', over: '30d' };
    expect(say(tag, events4, START + 7 * DAY)).toBe(0.5);
    expect(say(tag, events4.slice(0, 2), START + 7 * DAY, fixedZone(8 * HOUR))).toBe(0.5);
  });
});

describe('refunds and cancellations', () => {
  const NET = [
    { name: 'orders', count: 'order_paid', over: '30d' },
    { name: 'money', sum: 'order.total', of: 'order_paid', over: '30d' },
  ];
  const plan = planOf(NET);
  const at = (day: number) => START + day * DAY;
  const bought = on('order_paid', at(0), order('o', 10_000));
  const other = on('order_paid', at(0), order('p', 500));
  const part = on('order_refunded', at(5), order('o', 4_000));
  const rest = on('order_refunded', at(10), order('o', 6_000));
  const cancelled = on('order_cancelled', at(7), order('o', 0));
  const unknown = on('order_refunded', at(2), order('elsewhere', 300));

  const cases: readonly (readonly [string, readonly Event[], number, object])[] = [
    ['a partial refund takes away money', [bought, part], 20, { orders: 1, money: 60 }],
    [
      'refunds of the whole take away the order too',
      [bought, other, part, rest],
      20,
      { orders: 1, money: 5 },
    ],
    [
      'what went back goes back when it went back',
      [bought, other, part, rest],
      8,
      { orders: 2, money: 65 },
    ],
    [
      'a cancellation takes away the order and what was not refunded',
      [bought, other, part, cancelled],
      20,
      { orders: 1, money: 5 },
    ],
    [
      'refunds after a cancellation are not taken away twice',
      [bought, other, cancelled, part, rest],
      20,
      { orders: 1, money: 5 },
    ],
    [
      'a cancellation of what was never paid is nothing',
      [other, cancelled],
      20,
      { orders: 1, money: 5 },
    ],
    [
      'a refund of an order we do not know takes away money only',
      [other, unknown],
      20,
      { orders: 1, money: 2 },
    ],
    [
      'a period in which more went back than was bought is negative',
      [bought, part, rest],
      31,
      { money: -100, orders: -1 },
    ],
    [
      'an order of nothing is not refunded by itself',
      [on('order_paid', at(0), order('free', 0))],
      1,
      { orders: 1 },
    ],
  ];

  it.each(cases)('%s', (_, events, day, expected) => {
    const seen = events.filter((event) => event.at <= at(day));
    expect(shopperOf(plan, seen).tags(at(day))).toEqual(expected);
  });

  it.each(cases)(
    '%s, in whatever order they come, on two profiles that merge as well',
    (_, events, day, expected) => {
      const now = at(day);
      const seen = events.filter((event) => event.at <= now);
      for (const arrival of permutations(seen)) {
        const one = newShopper(plan);
        const [left, right] = [newShopper(plan), newShopper(plan)];
        arrival.forEach((event, index) => {
          one.see(event, now);
          (index % 2 === 0 ? left : right).see(event, now);
        });
        left.absorb(right, now);
        expect(one.tags(now)).toEqual(expected);
        expect(left.tags(now)).toEqual(expected);
      }
    },
  );

  it('are left in where the tag says so, or where only some orders are counted', () => {
    const refunded = [bought, part, rest];
    expect(say({ count: 'order_paid', refunds: 'ignore' }, refunded, at(20))).toBe(1);
    const total = { sum: 'order.total', of: 'order_paid', refunds: 'ignore' };
    expect(say(total, refunded, at(20))).toBe(100);
    expect(say({ count: 'order_paid', where: 'event.order.total > 1' }, refunded, at(20))).toBe(1);
    expect(say({ sum: 'order.discount', of: 'order_paid' }, refunded, at(20))).toBeUndefined();
  });

  it('of the oldest of more than 32 orders take away money only', () => {
    const longer = planOf(NET.map((tag) => ({ ...tag, over: '60d' })));
    const many = Array.from({ length: 33 }, (_, day) =>
      on('order_paid', at(day), order(`o${day}`, 100)),
    );
    const back = (id: string) => on('order_refunded', at(40), order(id, 100));
    expect(shopperOf(longer, [...many, back('o1')]).tags(at(40))).toEqual({
      orders: 32,
      money: 32,
    });
    expect(shopperOf(longer, [...many, back('o0')]).tags(at(40))).toEqual({
      orders: 33,
      money: 32,
    });
  });
});

describe('a cart', () => {
  const put = (at: number, cart: string | undefined, fen: number, type = 'cart_added') =>
    on(type, START + at, {
      ...(cart === undefined ? {} : { cart }),
      items: [item('x', 2, fen / 2)],
    });
  const pay = (at: number, cart: string | undefined) =>
    on('order_paid', START + at, {
      ...(cart === undefined ? {} : { cart }),
      ...order(`o${at}`, 1),
    });
  it.each([
    [
      'holds what was put in less what was taken out',
      [put(0, 'a', 100), put(1, 'a', 300), put(2, 'a', 100, 'cart_removed')],
      3,
    ],
    ['is empty once paid', [put(0, 'a', 100), pay(1, 'a')], undefined],
    [
      'is paid as of then, however late the payment is told',
      [put(5, 'a', 100), put(0, 'a', 900), pay(3, 'a')],
      1,
    ],
    ['is one of several', [put(0, 'a', 100), put(0, 'b', 200), pay(1, 'a'), put(2, 'c', 400)], 6],
    [
      'is not closed by the payment of another, or of none',
      [put(0, 'a', 100), pay(1, undefined), pay(2, 'b')],
      1,
    ],
    [
      'without an id is one, closed by a payment without',
      [put(0, undefined, 100), put(1, undefined, 100), pay(2, undefined), put(3, undefined, 50)],
      0.5,
    ],
    ['is never worth less than nothing', [put(0, 'a', 100, 'cart_removed'), put(0, 'b', 100)], 1],
  ])('%s', (_, events, expected) => {
    const shopper = newShopper(planOf([{ name: 'cart_value', cart: 'value' }]));
    for (const event of events) shopper.see(event, START + HOUR);
    expect(shopper.tags(START + HOUR)['cart_value']).toBe(expected);
  });

  it('lets go after 30 days of what was put in', () => {
    const plan = planOf([{ name: 'cart_value', cart: 'value' }]);
    const shopper = shopperOf(plan, [put(0, 'a', 100), put(DAY, 'a', 300)]);
    expect(shopper.nextAt()).toBe(START + 30 * DAY);
    expect(shopper.pass(START + 40 * DAY)).toMatchObject([
      { old: 400, new: 300 },
      { old: 300, new: null },
    ]);
    expect(shopper.nextAt()).toBeNull();
  });

  it('counts among the eight touched last', () => {
    const plan = planOf([{ name: 'cart_value', cart: 'value' }]);
    const many = Array.from({ length: 10 }, (_, index) => put(index, `c${index}`, 100));
    expect(shopperOf(plan, many).tags(START + HOUR)).toEqual({ cart_value: 8 });
  });
});

describe('favourites', () => {
  const saw = (...categories: readonly string[]) =>
    on('product_viewed', START, { items: categories.map((one) => item('x', 1, 100, one)) });
  it.each([
    ['in order of how often', [saw('a', 'b'), saw('b', 'c'), saw('b')], 3, ['b', 'a', 'c']],
    ['equal ones by their text', [saw('b'), saw('a')], 2, ['a', 'b']],
    ['one is no list', [saw('b'), saw('b'), saw('a')], 1, 'b'],
    ['of nothing are absent', [on('product_viewed', START)], 3, undefined],
    ['in Chinese', [saw('乳制品/牛奶'), saw('乳制品/牛奶'), saw('🍞')], 2, ['乳制品/牛奶', '🍞']],
  ])('%s', (_, events, k, expected) => {
    const top = { field: 'items.category', k, by: 'count' };
    expect(say({ top, of: 'product_viewed', over: '90d' }, events, START)).toEqual(expected);
  });

  it('can go by money', () => {
    const events = [
      on('order_paid', START, { items: [item('x', 1, 500, 'few'), item('y', 3, 100, 'many')] }),
      on('order_paid', START, { items: [item('y', 1, 100, 'many')] }),
    ];
    const top = { field: 'items.category', k: 2, by: 'items.amount' };
    expect(say({ top, of: 'order_paid' }, events, START)).toEqual(['few', 'many']);
  });

  it('are exact up to 200 different ones, and keep the most frequent beyond', () => {
    const names = Array.from({ length: 400 }, (_, index) => `c${index}`);
    const events = [saw('z', 'z', 'z'), ...names.map((name) => saw(name)), saw('z')];
    const top = { field: 'items.category', k: 1 };
    expect(say({ top, of: 'product_viewed', over: '90d' }, events, START)).toBe('z');
  });

  it('count different things up to 64', () => {
    const skus = (count: number) =>
      on('product_viewed', START, {
        items: Array.from({ length: count }, (_, index) => item(`s${index}`, 1, 1)),
      });
    const tag = { distinct: 'items.sku', of: 'product_viewed', over: '5d' };
    expect(say(tag, [skus(64), skus(64)], START)).toBe(64);
    expect(say(tag, [skus(65)], START)).toBe(64);
    expect(say(tag, [skus(3)], START)).toBe(3);
  });
});

describe('habits', () => {
  it('know the busiest hour and day of the week, by the shop', () => {
    const at = (day: number, hour: number) => on('order_paid', START + day * DAY + hour * HOUR);
    const events = [at(0, 9), at(1, 20), at(2, 20), at(9, 9), at(9, 9)];
    const tag = { peak: 'hour_of_day', of: 'order_paid', over: '30d' };
    expect(say(tag, events, START + 10 * DAY)).toBe(9);
    expect(say(tag, events.slice(0, 3), START + 10 * DAY)).toBe(20);
    expect(say(tag, events.slice(0, 2), START + 10 * DAY)).toBe(9);
    expect(say(tag, events, START + 10 * DAY, fixedZone(8 * HOUR))).toBe(17);
    const weekday = { peak: 'weekday', of: 'order_paid', over: '30d' };
    expect(say(weekday, events, START + 10 * DAY)).toBe(2);
  });

  it.each([
    ['30 minutes apart are one', [0, 30 * MINUTE], 1],
    ['more than 30 minutes apart are two', [0, 30 * MINUTE + 1], 2],
    ['joined by one in between, told late', [0, 50 * MINUTE, 25 * MINUTE], 1],
    ['that began before the window and went on into it count', [0, 20 * MINUTE, 40 * MINUTE], 1],
  ])('sessions %s', (_, moments, expected) => {
    const tag = { sessions: 'any', over: '7d' };
    const shopper = newShopper(planOf([{ name: 'tag', ...tag }]));
    for (const event of views(...moments)) shopper.see(event, START + HOUR);
    expect(shopper.tags(START + HOUR)).toEqual({ tag: expected });
  });

  it('know first and last, by time and then by the id of the event', () => {
    const at = (ms: number, id: string, channel?: string) =>
      on('app_opened', START + ms, channel === undefined ? { id } : { id, channel });
    const events = [
      at(5, 'c', 'web'),
      at(5, 'b', 'app'),
      at(0, 'z'),
      at(9, 'a', 'pos'),
      at(9, 'd', 'tv'),
    ];
    expect(say({ first: 'channel', of: 'any' }, events, START + DAY)).toBe('app');
    expect(say({ last: 'channel', of: 'any', over: '7d' }, events, START + DAY)).toBe('tv');
    expect(say({ first: 'at', of: 'any' }, events, START + DAY)).toBe('2026-06-01T00:00:00.000Z');
    expect(say({ last: 'at', of: 'any' }, events, START + DAY)).toBe('2026-06-01T00:00:00.009Z');
  });
});

describe('days since', () => {
  const plan = planOf([
    { name: 'days_since_order', days_since: 'order_paid' },
    { name: 'at_risk', when: 'days_since_order > 60' },
    { name: 'fresh', when: 'days_since_order < 2' },
  ]);

  it('are whole days of 24 hours, from the latest event, whatever came last', () => {
    const shopper = newShopper(plan);
    const now = START + 10 * DAY;
    shopper.see(on('order_paid', START + 5 * DAY), now);
    expect(shopper.see(on('order_paid', START), now)).toEqual([]);
    expect(shopper.tags(START + 6 * DAY - 1)['days_since_order']).toBe(0);
    expect(shopper.tags(START + 6 * DAY)['days_since_order']).toBe(1);
    expect(shopper.tags(START)['days_since_order']).toBe(0);
  });

  it('tell the moment they count from, and wake the profile when a condition may change', () => {
    const shopper = newShopper(plan);
    expect(shopper.see(on('order_paid', START))).toEqual([
      { name: 'days_since_order', old: null, new: 0, anchor: START },
      { name: 'fresh', old: null, new: true, anchor: null },
    ]);
    expect(shopper.nextAt()).toBe(START + 2 * DAY);
    expect(shopper.pass(START + 2 * DAY)).toMatchObject([{ name: 'fresh', new: null }]);
    expect(shopper.nextAt()).toBe(START + 61 * DAY);
    expect(shopper.pass(START + 61 * DAY)).toMatchObject([{ name: 'at_risk', new: true }]);
    expect(shopper.nextAt()).toBeNull();
    expect(shopper.see(on('order_paid', START + 70 * DAY))).toEqual([
      { name: 'days_since_order', old: 70, new: 0, anchor: START + 70 * DAY },
      { name: 'at_risk', old: true, new: null, anchor: null },
      { name: 'fresh', old: null, new: true, anchor: null },
    ]);
  });
});

describe('a condition', () => {
  it('takes absent counts and sums for 0, absent truths for false, and anything else for absent', () => {
    const plan = planOf([
      { name: 'orders', count: 'order_paid' },
      { name: 'brand', top: { field: 'items.brand' }, of: 'any' },
      { name: 'none', when: 'orders == 0' },
      { name: 'neither', when: '!some && none' },
      { name: 'some', when: 'orders > 0' },
      { name: 'branded', when: "brand != 'x'" },
      { name: 'has_brand', when: 'has(brand)' },
    ]);
    expect(shopperOf(plan, []).tags(START)).toEqual({ none: true, neither: true });
  });

  it('may yield money, a share, a text or a list', () => {
    const plan = planOf([
      { name: 'money', sum: 'order.total', of: 'order_paid' },
      { name: 'orders', count: 'order_paid' },
      { name: 'half', when: 'money / 2.0', unit: 'money' },
      { name: 'third', when: 'orders / 3', unit: 'share' },
      { name: 'size_of', when: "money > 50 ? 'large' : 'small'", unit: 'text' },
      { name: 'words', when: "['a', string(orders)]", unit: 'list' },
      { name: 'broken', when: 'money / (orders - 1)', unit: 'number' },
    ]);
    const shopper = shopperOf(plan, [on('order_paid', START, order('o', 9_999))]);
    expect(shopper.tags(START)).toEqual({
      money: 99.99,
      orders: 1,
      half: 50,
      third: 0.3333,
      size_of: 'large',
      words: ['a', '1'],
    });
  });
});

describe('R, F and M', () => {
  it('are the tags marked as such, in days and fen', () => {
    const plan = planOf([
      { name: 'r', days_since: 'order_paid', rfm: 'R' },
      { name: 'f', count: 'order_paid', over: '400d', rfm: 'F' },
      { name: 'm', sum: 'order.total', of: 'order_paid', over: '400d', rfm: 'M' },
    ]);
    const now = START + 3 * DAY;
    const shopper = shopperOf(plan, [on('order_paid', START, order('o', 1_234))]);
    const none = { recencyDays: null, frequency: 0, monetary: 0 };
    expect(rfmOf(plan, shopper.values, now)).toEqual({
      recencyDays: 3,
      frequency: 1,
      monetary: 1_234,
    });
    expect(rfmOf(plan, newShopper(plan).values, now)).toEqual(none);
  });

  it('are otherwise days_since_order and what is over the longest span', () => {
    const plan = planOf([
      { name: 'orders_30d', count: 'order_paid', over: '30d' },
      { name: 'orders_365d', count: 'order_paid', over: '365d' },
      { name: 'orders_12h', count: 'order_paid', over: '12h' },
      { name: 'money_7d', sum: 'order.total', of: 'order_paid', over: '7d' },
      { name: 'days_since_order', days_since: 'order_paid' },
    ]);
    const { R, F, M } = plan.rfm;
    expect([R?.name, F?.name, M?.name]).toEqual(['days_since_order', 'orders_365d', 'money_7d']);
  });
});

function permutations<T>(list: readonly T[]): T[][] {
  if (list.length < 2) return [[...list]];
  return list.flatMap((first, index) =>
    permutations(list.toSpliced(index, 1)).map((rest) => [first, ...rest]),
  );
}
