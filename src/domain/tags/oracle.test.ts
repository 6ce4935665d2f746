/**
 * The promise of the tags: updated per event, decaying by themselves, exact against a recomputation
 * from the raw events, on merged profiles too; and the profile knows when time alone may change one.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Event, Json } from '../event.ts';
import { fixedZone, type Zone } from '../zone.ts';
import { valuesAt } from './evaluate.ts';
import {
  newShopper,
  on,
  planOf,
  zoneOf,
  DAY,
  HOUR,
  MINUTE,
  START,
  type Shopper,
} from './fixtures.contract.ts';
import { tell, type Definition } from './oracle.contract.ts';
import type { TagPlan } from './plan.ts';
import { SCALES } from './recipe.ts';
import { rawOf } from './values.ts';

/** One of every kind, over spans of every resolution, and some that others read. */
const DEFINITIONS: readonly Definition[] = [
  { name: 'days_since_order', days_since: 'order_paid' },
  { name: 'days_since_seen', days_since: 'any' },
  { name: 'orders_45d', count: 'order_paid', over: '45d' },
  { name: 'orders_2d', count: 'order_paid', over: '2d' },
  { name: 'orders_2h', count: 'order_paid', over: '2h' },
  { name: 'orders_ever', count: 'order_paid' },
  { name: 'orders_plain_20d', count: 'order_paid', over: '20d', refunds: 'ignore' },
  { name: 'money_45d', sum: 'order.total', of: 'order_paid', over: '45d' },
  { name: 'money_20d', sum: 'order.total', of: 'order_paid', over: '20d' },
  { name: 'money_3d', sum: 'order.total', of: 'order_paid', over: '3d' },
  { name: 'gross_20d', sum: 'order.gross', of: 'order_paid', over: '20d' },
  { name: 'views_10m', count: 'product_viewed', over: '10m' },
  { name: 'views_1h', count: ['product_viewed', 'cart_added'], over: '1h' },
  { name: 'views_1d', count: 'product_viewed', over: '1d' },
  { name: 'views_12d', count: 'product_viewed', over: '12d' },
  { name: 'views_13d', count: 'product_viewed', over: '13d' },
  { name: 'average_30d', average: 'order.total', of: 'order_paid', over: '30d' },
  { name: 'pieces_30d', average: 'items.quantity', of: 'order_paid', over: '30d' },
  { name: 'least_30d', min: 'order.total', of: 'order_paid', over: '30d' },
  { name: 'most_5d', max: 'order.total', of: 'order_paid', over: '5d' },
  { name: 'discount_share_30d', share: { of: 'order.discount', in: 'order.gross' }, over: '30d' },
  {
    name: 'refund_share_30d',
    share: {
      of: { sum: 'order.total', of: 'order_refunded' },
      in: { sum: 'order.total', of: 'order_paid' },
    },
    over: '30d',
  },
  {
    name: 'online_share_30d',
    share: {
      of: {
        count: 'order_paid',
        where: "event.source != 'pos' && !(has(event.channel) && event.channel == 'store')",
      },
      in: { count: 'order_paid' },
    },
    over: '30d',
  },
  { name: 'weekend_share_30d', share: 'weekend', of: 'order_paid', over: '30d' },
  {
    name: 'conversion_20d',
    conversion: { from: 'cart_added', to: 'order_paid' },
    where: "event.source != 'pos'",
    over: '20d',
  },
  { name: 'skus_5d', distinct: 'items.sku', of: 'product_viewed', over: '5d' },
  { name: 'skus_30d', distinct: 'items.sku', of: 'product_viewed', over: '30d' },
  {
    name: 'categories_30d',
    top: { field: 'items.category', k: 3, by: 'count' },
    of: ['product_viewed', 'cart_added', 'order_paid'],
    over: '30d',
  },
  {
    name: 'store_40d',
    top: { field: 'store', k: 1, by: 'order.total' },
    of: 'order_paid',
    over: '40d',
  },
  { name: 'hour_30d', peak: 'hour_of_day', of: 'product_viewed', over: '30d' },
  { name: 'weekday_30d', peak: 'weekday', of: 'product_viewed', over: '30d' },
  { name: 'sessions_7d', sessions: 'any', over: '7d' },
  { name: 'sessions_6h', sessions: ['product_viewed', 'cart_added'], over: '6h' },
  { name: 'first_at', first: 'at', of: 'order_paid' },
  { name: 'last_at', last: 'at', of: 'order_paid' },
  { name: 'first_channel', first: 'channel', of: 'any' },
  { name: 'last_store_8d', last: 'store', of: 'any', over: '8d' },
  { name: 'cart_value', cart: 'value' },
];

const CONDITIONS = [
  { name: 'buyer', when: 'orders_45d >= 1 && days_since_order > 3' },
  { name: 'keen', when: 'buyer || views_1h + views_1d >= 4' },
  { name: 'per_order', when: 'money_45d / orders_45d', unit: 'money' },
  { name: 'even_days', when: 'days_since_seen % 2 == 0' },
];

const ZONES: Readonly<Record<string, Zone>> = {
  UTC: fixedZone(0),
  Shanghai: fixedZone(8 * HOUR),
  'New York': zoneOf('America/New_York'),
  Santiago: zoneOf('America/Santiago'),
};

/** Around the changes of the clocks in New York (8 March, 1 November) and Santiago (5 April). */
const BEGINNINGS = [START, Date.UTC(2026, 2, 1), Date.UTC(2026, 2, 30), Date.UTC(2026, 9, 20)];

const RUNS = 50;

interface Told {
  readonly type: string;
  readonly atMs: number;
  readonly lateMs: number;
  readonly profile: number;
  readonly order: number;
  readonly fen: number;
  readonly pick: number;
}

const told: fc.Arbitrary<Told> = fc.record({
  type: fc.constantFrom(
    'product_viewed',
    'product_viewed',
    'product_viewed',
    'cart_added',
    'cart_removed',
    'order_paid',
    'order_paid',
    'order_refunded',
    'order_cancelled',
    'store_visited',
  ),
  // In clusters, so that tiles are shared and sessions come about; on edges of tiles, too.
  atMs: fc.oneof(
    fc.integer({ min: 0, max: 55 * DAY }),
    fc
      .tuple(fc.integer({ min: 0, max: 55 }), fc.integer({ min: 0, max: 90 }))
      .map(([day, minute]) => day * DAY + minute * MINUTE),
    fc.integer({ min: 0, max: 24 * 55 }).map((hour) => hour * HOUR),
    fc.integer({ min: 0, max: 24 * 55 }).map((hour) => hour * HOUR - 1),
  ),
  lateMs: fc.oneof(
    fc.constant(0),
    fc.constant(0),
    fc.integer({ min: 0, max: HOUR }),
    fc.integer({ min: 0, max: 6 * DAY }),
  ),
  profile: fc.integer({ min: 0, max: 2 }),
  order: fc.integer({ min: 0, max: 6 }),
  fen: fc.constantFrom(0, 1, 333, 1_000, 2_500, 9_999),
  pick: fc.integer({ min: 0, max: 11 }),
});

const history = fc.record({
  zone: fc.constantFrom(...Object.keys(ZONES)),
  begin: fc.constantFrom(...BEGINNINGS),
  list: fc.array(told, { minLength: 1, maxLength: 60 }),
  looks: fc.array(fc.integer({ min: 0, max: 120 * DAY }), { maxLength: 8 }),
  mergesMs: fc.tuple(fc.integer({ min: 0, max: 60 * DAY }), fc.integer({ min: 0, max: 60 * DAY })),
});

const plans = new Map(
  Object.entries(ZONES).map(([name, zone]) => [
    name,
    planOf([...DEFINITIONS, ...CONDITIONS] as unknown as Json, zone),
  ]),
);

const planIn = (zone: string): TagPlan => plans.get(zone) as TagPlan;

function eventOf({ type, atMs, order, fen, pick }: Told, begin: number): Event {
  const isOrder = type.startsWith('order_');
  const hasItems = type === 'product_viewed' || type.startsWith('cart_') || type === 'order_paid';
  return on(type, begin + atMs, {
    source: pick % 4 === 0 ? 'pos' : 'app',
    ...(pick % 3 === 0 ? { channel: ['app', 'store', 'web'][pick % 2] as string } : {}),
    ...(pick % 2 === 0 ? { store: `S${pick % 3}` } : {}),
    ...(pick % 5 < 3 ? { cart: `C${order % 3}` } : {}),
    ...(isOrder
      ? {
          order: { id: `o${order}`, total: fen, discount: pick * 10, currency: 'CNY', coupons: [] },
        }
      : {}),
    items: hasItems
      ? [
          { sku: `s${pick}`, category: `c${pick % 4}`, quantity: 1 + (pick % 3) / 2, price: fen },
          ...(pick > 8 ? [{ sku: 's0', quantity: 1, price: 7 }] : []),
        ]
      : [],
  });
}

/** As a change of the tag tells it. */
function valueIn(plan: TagPlan, shopper: Shopper, name: string, now: number): unknown {
  const tag = plan.byName.get(name);
  if (tag === undefined) throw new Error(`no ${name}`);
  const raw = rawOf(shopper.values, tag.id);
  if (raw === undefined) return undefined;
  if (tag.unit === 'days') return Math.max(0, Math.floor((now - (raw as number)) / DAY));
  if (typeof raw === 'number') return raw / SCALES[tag.unit];
  return tag.unit === 'text' ? raw[0] : raw;
}

const saidBy = (plan: TagPlan, shopper: Shopper, now: number) =>
  Object.fromEntries(DEFINITIONS.map(({ name }) => [name, valueIn(plan, shopper, name, now)]));

const trueOf = (events: readonly Event[], now: number, zone: Zone) =>
  Object.fromEntries(
    DEFINITIONS.map((definition) => [definition.name, tell(definition, events, now, zone)]),
  );

interface Delivery {
  readonly event: Event;
  readonly now: number;
  readonly profile: number;
}

/** In the order of the log: an event comes when it happened, or later. */
const deliveriesOf = (list: readonly Told[], begin: number): readonly Delivery[] =>
  list
    .map((one) => ({
      event: eventOf(one, begin),
      now: begin + one.atMs + one.lateMs,
      profile: one.profile,
    }))
    .toSorted((a, b) => a.now - b.now);

describe('the tags of a shopper', () => {
  it('equal a recomputation from the raw events after every event', () => {
    fc.assert(
      fc.property(history, ({ zone, begin, list }) => {
        const plan = planIn(zone);
        const shopper = newShopper(plan);
        const seen: Event[] = [];
        for (const { event, now } of deliveriesOf(list, begin)) {
          seen.push(event);
          shopper.see(event, now);
          expect(saidBy(plan, shopper, now)).toEqual(trueOf(seen, now, ZONES[zone] as Zone));
        }
      }),
      { numRuns: RUNS },
    );
  });

  it('equal it at any moment later, as time takes events out of windows', () => {
    fc.assert(
      fc.property(history, ({ zone, begin, list, looks }) => {
        const plan = planIn(zone);
        const shopper = newShopper(plan);
        const deliveries = deliveriesOf(list, begin);
        for (const { event, now } of deliveries) shopper.see(event, now);
        const end = deliveries.at(-1)?.now ?? begin;
        const events = deliveries.map(({ event }) => event);
        for (const now of looks.map((ms) => end + ms).toSorted((a, b) => a - b)) {
          shopper.pass(now);
          expect(saidBy(plan, shopper, now)).toEqual(trueOf(events, now, ZONES[zone] as Zone));
        }
      }),
      { numRuns: RUNS },
    );
  });

  it('change by time alone only when the profile asked to be looked at, and then at once', () => {
    fc.assert(
      fc.property(
        history,
        fc.double({ min: 0, max: 1, noNaN: true }),
        ({ zone, begin, list }, part) => {
          const plan = planIn(zone);
          const shopper = newShopper(plan);
          const deliveries = deliveriesOf(list, begin);
          for (const { event, now } of deliveries) shopper.see(event, now);
          let now = deliveries.at(-1)?.now ?? begin;
          for (let looks = 0; looks < 30; looks++) {
            const next = shopper.nextAt();
            if (next === null) break;
            expect(next).toBeGreaterThan(now);
            const between = [now + Math.floor((next - 1 - now) * part), next - 1];
            for (const moment of between) {
              expect(valuesAt(plan, shopper.aggregates, moment)).toEqual(shopper.values);
            }
            shopper.pass(next);
            expect(valuesAt(plan, shopper.aggregates, next)).toEqual(shopper.values);
            now = next;
          }
        },
      ),
      { numRuns: RUNS },
    );
  });

  it('of merged profiles equal those of one who saw everything, whichever absorbs whom and when', () => {
    fc.assert(
      fc.property(history, fc.boolean(), ({ zone, begin, list, mergesMs }, reversed) => {
        const plan = planIn(zone);
        const profiles = [newShopper(plan), newShopper(plan), newShopper(plan)];
        const [first = 0, second = 0] = mergesMs.toSorted((a, b) => a - b).map((ms) => begin + ms);
        // Where profile 2's, then profile 1's events go from then on.
        const [keeper, absorbed] = reversed ? [1, 0] : [0, 1];
        let owner = [0, 1, 2];
        const merge = (from: number, into: number, now: number): void => {
          profiles[into]?.absorb(profiles[from] as Shopper, now);
          owner = owner.map((one) => (one === from ? into : one));
        };
        const merges = [
          { at: first, from: 2, into: absorbed },
          { at: second, from: absorbed, into: keeper },
        ];
        const deliveries = deliveriesOf(list, begin);
        const end = Math.max(second, deliveries.at(-1)?.now ?? begin);
        for (const { event, now, profile } of deliveries) {
          while (merges[0] !== undefined && merges[0].at <= now) {
            const { at, from, into } = merges.shift() as (typeof merges)[number];
            merge(from, into, at);
          }
          profiles[owner[profile] as number]?.see(event, now);
        }
        for (const { at, from, into } of merges) merge(from, into, at);
        const survivor = profiles[keeper] as Shopper;
        survivor.pass(end);
        const events = deliveries.map(({ event }) => event);
        expect(saidBy(plan, survivor, end)).toEqual(trueOf(events, end, ZONES[zone] as Zone));
      }),
      { numRuns: RUNS },
    );
  });

  it('that are conditions equal the condition over the others', () => {
    fc.assert(
      fc.property(history, ({ zone, begin, list }) => {
        const plan = planIn(zone);
        const shopper = newShopper(plan);
        const seen: Event[] = [];
        for (const { event, now } of deliveriesOf(list, begin)) {
          seen.push(event);
          shopper.see(event, now);
          const is = trueOf(seen, now, ZONES[zone] as Zone) as Record<string, number | undefined>;
          const orders = is['orders_45d'] ?? 0;
          const days = is['days_since_order'];
          const buyer = orders >= 1 && days !== undefined && days > 3;
          const views = (is['views_1h'] ?? 0) + (is['views_1d'] ?? 0);
          const money = is['money_45d'] ?? 0;
          expect(valueIn(plan, shopper, 'buyer', now) === 1).toBe(buyer);
          expect(valueIn(plan, shopper, 'keen', now) === 1).toBe(buyer || views >= 4);
          expect(valueIn(plan, shopper, 'per_order', now)).toBe(
            orders === 0 ? undefined : Math.floor((money / 100 / orders) * 100 + 0.5),
          );
          expect(valueIn(plan, shopper, 'even_days', now) === 1).toBe(
            (is['days_since_seen'] as number) % 2 === 0,
          );
        }
      }),
      { numRuns: RUNS / 2 },
    );
  });
});
