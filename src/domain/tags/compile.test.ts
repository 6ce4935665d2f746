import { describe, expect, it } from 'vitest';
import type { Json } from '../event.ts';
import { UTC } from '../zone.ts';
import { compileTags } from './compile.ts';
import { DAY, HOUR, newShopper, on, planOf, START } from './fixtures.contract.ts';

/** What is wrong, in one line each. */
function problemsOf(content: Json, eventTypes: readonly string[] = []): readonly string[] {
  const compiled = compileTags(content, { zone: UTC, eventTypes });
  if (compiled.ok) return [];
  return compiled.problems.map(
    ({ path, message, suggestion }) =>
      `${path.join('.')}: ${message}${suggestion === undefined ? '' : ` (${suggestion})`}`,
  );
}

const tag = (fields: object): Json => [{ name: 'tag', ...fields }] as Json;
const orders = { name: 'orders_90d', count: 'order_paid', over: '90d' };

describe('a catalogue of tags is refused', () => {
  it.each<[Json, string]>([
    [{ orders }, ': The file must be a list of tags, each beginning with `- name:`.'],
    [['orders'], '0: A tag must be an object with fields.'],
    [[{ count: 'order_paid' }], '0: A tag needs a name.'],
    [
      [{ name: 'Orders', count: 'order_paid' }],
      '0.name: A name is 1 to 63 of a-z, 0-9 and _, beginning with a letter.',
    ],
    [
      tag({}),
      '0: A tag needs one of: count, sum, average, min, max, share, conversion, distinct, top, peak, sessions, first, last, days_since, cart, when.',
    ],
    [
      tag({ count: 'order_paid', sum: 'order.total' }),
      '0.sum: A tag is one of them only: count or sum.',
    ],
    [tag({ counts: 'order_paid' }), "0.counts: A tag has no field 'counts'. (count)"],
    [
      tag({ count: 'order_paid', of: 'order_paid' }),
      "0.of: 'of' means nothing beside 'count': leave it out.",
    ],
    [tag({ count: 'order_payed' }), "0.count: There is no event type 'order_payed'. (order_paid)"],
    [
      tag({ count: ['order_paid', 'cart_add'] }),
      "0.count: There is no event type 'cart_add'. (cart_added)",
    ],
    [tag({ sum: 'order.total' }), "0: Say which events are meant: 'of: order_paid', or a list."],
    [
      tag({ sum: 'order.totl', of: 'order_paid' }),
      "0.sum: An event has no field 'order.totl'. (order.total)",
    ],
    [
      tag({ sum: 'items.sku', of: 'order_paid' }),
      "0.sum: 'items.sku' is text: a number is needed here.",
    ],
    [
      tag({ top: { field: 'order.total' }, of: 'order_paid' }),
      "0.top.field: 'order.total' is money: a text is needed here.",
    ],
    [
      tag({ top: { field: 'items.sku', k: 0 }, of: 'any' }),
      "0.top.k: 'k' must be a whole number from 1 to 20.",
    ],
    [
      tag({ top: { feld: 'items.sku' }, of: 'any' }),
      "0.top.feld: 'top' has no field 'feld'. (field)",
    ],
    [
      tag({ top: { field: 'store', by: 'items.amount' }, of: 'any' }),
      "0.top.by: 'items.amount' is of items, 'store' is not: name a field of the event.",
    ],
    [
      tag({ count: 'order_paid', over: '30x' }),
      "0.over: 'over' must be a duration such as 30m, 12h or 3d.",
    ],
    [
      tag({ count: 'order_paid', over: '7m' }),
      "0.over: A window of this length moves in whole 5 minutes: round 'over'.",
    ],
    [
      tag({ count: 'order_paid', over: '750m' }),
      "0.over: A window of this length moves in whole hours: round 'over'.",
    ],
    [
      tag({ count: 'order_paid', over: '300h' }),
      "0.over: A window of this length moves in whole days: round 'over'.",
    ],
    [
      tag({ count: 'order_paid', over: '2000d' }),
      "0.over: 'over' must be more than 0 and at most 1100d.",
    ],
    [
      tag({ count: 'order_paid', where: 'event.stor == "S"' }),
      "0.where: There is no 'event.stor'. (event.store)",
    ],
    [
      tag({ count: 'order_paid', where: 'event.order.total + 1' }),
      "0.where: 'where' must be true or false, not a number.",
    ],
    [
      tag({ count: 'product_viewed', refunds: 'subtract' }),
      "0.refunds: Refunds subtract from the count and the order.total of 'order_paid' without 'where' only. (ignore)",
    ],
    [
      tag({ share: { of: 'order.discount' } }),
      "0.share.in: 'in' must be an object with count, sum, of, where.",
    ],
    [
      tag({ share: { of: 'items.quantity', in: 'order.total' }, of: 'order_paid' }),
      '0.share.in: What is no money cannot be divided by money.',
    ],
    [
      tag({ share: { of: { count: 'order_paid' }, in: { count: 'any' } }, where: 'true' }),
      "0.where: Write 'where' into the sides of the share.",
    ],
    [
      tag({ share: 'weekend', of: 'order_paid', over: '7d' }),
      '0.over: Weekdays need a window in days: more than 12d.',
    ],
    [
      tag({ conversion: { from: 'cart_added' } }),
      "0.conversion: Say which events are meant: 'to: order_paid', or a list.",
    ],
    [tag({ sessions: 'any', over: '30d' }), '0.over: Sessions are counted over 12d at most.'],
    [
      tag({ first: 'items.quantity', of: 'any' }),
      "0.first: 'items.quantity' is a number, not text.",
    ],
    [tag({ average: 'at', of: 'any' }), '0.average: Moments have no average.'],
    [tag({ cart: 'worth' }), "0.cart: 'cart' must be one of: value."],
    [
      tag({ count: 'order_paid', rfm: 'M' }),
      '0.rfm: R is a days_since, F a count, M a sum of money.',
    ],
    [tag({ when: 'order_90d > 3' }), "0.when: There is no name 'order_90d'."],
    [
      [orders, { name: 'b', when: 'order_90d > 3' }],
      "1.when: There is no name 'order_90d'. (orders_90d)",
    ],
    [
      [orders, { name: 'b', when: 'orders_90d + 1' }],
      "1.when: It yields a number, the tag is a boolean: say 'unit:'. (unit: number)",
    ],
    [
      [orders, { name: 'b', when: 'orders_90d > "3"' }],
      "1.when: '>' cannot stand between a number and a string.",
    ],
    [[orders, orders], "1.name: There is a tag 'orders_90d' already."],
    [
      [
        { ...orders, rfm: 'F' },
        { ...orders, name: 'b', rfm: 'F' },
      ],
      "1.rfm: There is another tag with 'rfm: F'.",
    ],
    [
      [
        { name: 'a', when: 'b' },
        { name: 'b', when: '!c' },
        { name: 'c', when: 'b || a' },
      ],
      '0.when: The tag depends on itself: a → b → c → a.',
    ],
    [[{ name: 'a', when: 'a' }], '0.when: The tag depends on itself: a → a.'],
  ])('%j', (content, problem) => {
    expect(problemsOf(content)).toContain(problem);
  });

  it('with everything that is wrong with it at once, and nothing that only follows', () => {
    const content = [
      { name: 'a', count: 'order_payed', over: '7m' },
      { name: 'b', when: 'a > 3 && missing' },
      { name: 'c', when: 'b' },
      { name: 'd', top: {} },
    ] as Json;
    expect(problemsOf(content)).toEqual([
      "0.count: There is no event type 'order_payed'. (order_paid)",
      "0.over: A window of this length moves in whole 5 minutes: round 'over'.",
      "3: Say which events are meant: 'of: order_paid', or a list.",
      "3.top: 'field' is missing.",
    ]);
  });

  it('if it is not even an object that is safe to read', () => {
    const hostile = JSON.parse('[{"name":"a","__proto__":{"count":"order_paid"}}]') as Json;
    expect(problemsOf(hostile)).not.toEqual([]);
    expect(problemsOf([null, 1, [], {}] as Json)).toHaveLength(5);
  });
});

describe('a catalogue of tags', () => {
  it('may be empty or missing', () => {
    expect(problemsOf(null)).toEqual([]);
    expect(planOf([]).tags).toEqual([]);
  });

  it('may name event types of the sources', () => {
    expect(problemsOf(tag({ count: ['search', 'coupon_viewed', 'live_liked'] }))).toEqual([]);
    expect(problemsOf(tag({ count: 'order_payed' }), ['order_payed'])).toEqual([]);
  });

  it('keeps one series for all windows that differ in their span only', () => {
    const plan = planOf([
      { name: 'a', count: 'order_paid', over: '30d', refunds: 'ignore' },
      { name: 'b', count: 'order_paid', over: '365d', refunds: 'ignore' },
      { name: 'c', average: 'order.total', of: ['order_paid'], over: '90d' },
      { name: 'd', count: 'order_paid', over: '1d', refunds: 'ignore' },
    ]);
    expect(plan.aggregates.series.map(({ definition, spans }) => [definition, spans])).toEqual(
      expect.arrayContaining([
        ['count|order_paid||1d', [30, 90, 365]],
        ['sum:order.total|order_paid||1d', [90]],
        ['count|order_paid||1h', [24]],
      ]),
    );
    expect(plan.aggregates.series).toHaveLength(3);
  });

  it('has an event touch only the tags that read it', () => {
    const plan = planOf([
      { name: 'keen', when: 'views > 3 || rich' },
      { name: 'views', count: 'product_viewed', over: '1h' },
      { name: 'orders', count: 'order_paid', over: '30d' },
      { name: 'rich', when: 'orders > 9' },
      { name: 'cart', cart: 'value' },
    ]);
    const touched = (type: string) =>
      (plan.touchedBy.get(type) ?? plan.touchedByAny).tags.map((place) => plan.tags[place]?.name);
    expect(touched('product_viewed')).toEqual(['views', 'keen']);
    expect(touched('order_refunded')).toEqual(['orders', 'rich', 'keen']);
    expect(touched('cart_removed')).toEqual(['cart']);
    expect(touched('followed')).toEqual([]);
  });

  it('keeps the windows of tags that stay as they are, and forgets those of tags that go', () => {
    const both = [
      { name: 'views', count: 'product_viewed', over: '7d' },
      { name: 'likes', count: 'post_liked', over: '7d' },
    ];
    const shopper = newShopper(planOf(both));
    shopper.see(on('product_viewed', START));
    shopper.see(on('post_liked', START));
    const later = newShopper(
      planOf([
        { ...both[0], name: 'looks' },
        { name: 'orders', count: 'order_paid' },
      ]),
    );
    later.absorb(shopper, START);
    expect(later.tags(START)).toEqual({ looks: 1 });
    const back = newShopper(planOf(both));
    back.absorb(later, START);
    expect(back.tags(START)).toEqual({ views: 1 });
  });

  it('can say what the benchmark of the other engines says (job K)', () => {
    const spans = { '1d': '23h', '7d': '167h', '30d': '29d' };
    const metrics = {
      views: { count: 'product_viewed' },
      carts: { count: 'cart_added' },
      orders: { count: 'order_paid', refunds: 'ignore' },
      sum: { sum: 'order.total', of: 'order_paid', refunds: 'ignore' },
    };
    const windows = Object.entries(spans).flatMap(([days, over]) =>
      Object.entries(metrics).map(([metric, of]) => ({ name: `${metric}_${days}`, ...of, over })),
    );
    const conditions = {
      tag_0: 'views_1d >= 3',
      tag_35: 'sum_30d >= 5000',
      tag_36: 'views_1d >= 5 && orders_1d == 0',
      tag_37: 'carts_7d >= 2 && orders_7d == 0',
      tag_38: 'sum_30d >= 500 && orders_30d >= 2',
      tag_39: 'views_7d >= 10 && carts_7d == 0',
    };
    const tags = Object.entries(conditions).map(([name, when]) => ({ name, when }));
    const shopper = newShopper(planOf([...windows, ...tags]));
    for (let view = 0; view < 5; view++) shopper.see(on('product_viewed', START + view));
    expect(shopper.tags(START + HOUR)).toMatchObject({ tag_0: true, tag_36: true });
    // Its windows hold the tiles with number > ⌊now / tile⌋ − n: a tile fewer than ours of n tiles.
    expect(shopper.tags(START + DAY - 1)).toHaveProperty('views_1d', 5);
    expect(shopper.tags(START + DAY)).not.toHaveProperty('views_1d');
  });
});
