/**
 * The 46 tags of `catalogue/tags.yaml`, each by filter and reduce over the raw events of a profile, at
 * any moment. Slow and plain. A tag that has no value is not in the answer. Shares no code with src/.
 */
import { compare, type ModelEvent } from './event.ts';
import { DAY, HOUR, MINUTE, hourOfDay, isWeekend, isWithin } from './windows.ts';

export type TagValue = number | string | boolean | readonly string[];
export type Tags = ReadonlyMap<string, TagValue>;

/** What a tag is made from: the events of one profile, each once, and the moment it is asked for. */
export interface Asked {
  readonly events: readonly ModelEvent[];
  readonly now: number;
}

type Rule = (asked: Asked) => TagValue | undefined;

const ACTIVITY = new Set([
  'app_opened',
  'app_login',
  'page_viewed',
  'product_viewed',
  'product_searched',
  'product_shared',
  'cart_added',
  'cart_removed',
  'cart_viewed',
  'checkout_started',
  'order_created',
  'order_paid',
  'live_joined',
  'live_interacted',
  'post_liked',
  'post_commented',
  'followed',
  'store_visited',
  'push_opened',
  'link_clicked',
  'coupon_redeemed',
  'points_redeemed',
  'member_registered',
]);
const SOCIAL = new Set([
  'product_shared',
  'live_joined',
  'live_interacted',
  'post_liked',
  'post_commented',
  'followed',
]);
const LIKED = new Set(['product_viewed', 'cart_added', 'order_paid']);
const SESSION_GAP = 30 * MINUTE;
const CARTS_REMEMBERED = 8;
const CART_KEPT = 30 * DAY;

const ofType =
  (...types: readonly string[]) =>
  ({ type }: ModelEvent): boolean =>
    types.includes(type);
const isOrder = ofType('order_paid');

const within = ({ events, now }: Asked, span: number): ModelEvent[] =>
  events.filter(({ at }) => isWithin(at, span, now));

const sum = (events: readonly ModelEvent[], of: (event: ModelEvent) => number): number =>
  events.reduce((total, event) => total + of(event), 0);

const total = ({ order }: ModelEvent): number => order?.total ?? 0;
const discount = ({ order }: ModelEvent): number => order?.discount ?? 0;
const pieces = ({ items }: ModelEvent): number =>
  items.reduce((all, { quantity }) => all + quantity, 0);

/** Counts and sums of nothing are absent. */
const unlessZero = (number: number): number | undefined => (number === 0 ? undefined : number);

const rounded = (number: number): number => Math.floor(number + 0.5);

/** Four decimals. */
const share = (part: number, whole: number): number | undefined =>
  whole <= 0 ? undefined : rounded((part / whole) * 10_000) / 10_000;

const count =
  (type: string, span: number): Rule =>
  (asked) =>
    unlessZero(within(asked, span).filter(ofType(type)).length);

interface Return {
  readonly at: number;
  readonly orders: number;
  readonly money: number;
}

/**
 * What went back, and when. Refunds take away their amount. A paid order is taken off the count when
 * its refunds reach its total, or when it is cancelled; a cancellation gives back what refunds did not.
 */
function returnsOf(events: readonly ModelEvent[]): readonly Return[] {
  const ids = new Set(events.flatMap(({ order }) => order?.id ?? []));
  return [...ids].flatMap((id) => {
    const its = events.filter(({ order }) => order?.id === id);
    const paid = its.filter(isOrder);
    const price = sum(paid, total);
    const refunds = its.filter(ofType('order_refunded')).toSorted((a, b) => a.at - b.at);
    const cancelledAt = Math.min(
      ...its.filter(ofType('order_cancelled')).map(({ at }) => at),
      Infinity,
    );
    let refunded = 0;
    let voidAt = cancelledAt;
    const returns: Return[] = [];
    for (const { at, order } of refunds) {
      const money = order?.total ?? 0;
      refunded += money;
      returns.push({ at, orders: 0, money });
      if (money !== 0 && refunded >= price) voidAt = Math.min(voidAt, at);
    }
    if (paid.length === 0) return returns;
    if (voidAt < Infinity) returns.push({ at: voidAt, orders: paid.length, money: 0 });
    const rest = price - refunded;
    if (cancelledAt < Infinity && rest > 0) {
      returns.push({ at: cancelledAt, orders: 0, money: rest });
    }
    return returns;
  });
}

const orders =
  (span: number): Rule =>
  (asked) => {
    const back = returnsOf(asked.events).filter(({ at }) => isWithin(at, span, asked.now));
    const gone = back.reduce((all, one) => all + one.orders, 0);
    return unlessZero(within(asked, span).filter(isOrder).length - gone);
  };

const money =
  (span: number): Rule =>
  (asked) => {
    const back = returnsOf(asked.events).filter(({ at }) => isWithin(at, span, asked.now));
    const gone = back.reduce((all, one) => all + one.money, 0);
    return unlessZero(sum(within(asked, span).filter(isOrder), total) - gone);
  };

const edge =
  (which: 'first' | 'last'): Rule =>
  ({ events }) => {
    const moments = events.filter(isOrder).map(({ at }) => at);
    if (moments.length === 0) return undefined;
    return which === 'first' ? Math.min(...moments) : Math.max(...moments);
  };

const daysSince =
  (isMeant: (event: ModelEvent) => boolean): Rule =>
  ({ events, now }) => {
    const moments = events.filter(isMeant).map(({ at }) => at);
    if (moments.length === 0) return undefined;
    return Math.max(0, Math.floor((now - Math.max(...moments)) / DAY));
  };

/** The most frequent first, equals by text. */
function top(texts: readonly (string | undefined)[], k: number): readonly string[] | undefined {
  const counts = new Map<string, number>();
  for (const text of texts) if (text) counts.set(text, (counts.get(text) ?? 0) + 1);
  if (counts.size === 0) return undefined;
  return [...counts]
    .toSorted(([a, some], [b, others]) => others - some || compare(a, b))
    .slice(0, k)
    .map(([text]) => text);
}

/**
 * By cart, what was put in less what was taken out since it was last paid and within 30 days. Of a
 * shopper's carts those count that were touched last.
 */
const cartValue: Rule = ({ events, now }) => {
  const its = events.filter(ofType('cart_added', 'cart_removed', 'order_paid'));
  const ids = new Set(its.map(({ cart }) => cart ?? ''));
  const carts = [...ids].map((id) => {
    const mine = its.filter(({ cart }) => (cart ?? '') === id);
    const paidAt = Math.max(-Infinity, ...mine.filter(isOrder).map(({ at }) => at));
    const open = mine.filter((event) => !isOrder(event) && event.at > paidAt);
    const value = sum(
      open.filter(({ at }) => at > now - CART_KEPT),
      ({ type, items }) => {
        const fen = items.reduce((all, { amount }) => all + amount, 0);
        return type === 'cart_removed' ? -fen : fen;
      },
    );
    const touchedAt = Math.max(paidAt, ...open.map(({ at }) => at));
    return { value: Math.max(0, value), touchedAt };
  });
  const latest = carts.toSorted((a, b) => b.touchedAt - a.touchedAt).slice(0, CARTS_REMEMBERED);
  return unlessZero(latest.reduce((all, { value }) => all + value, 0));
};

const sessions: Rule = ({ events, now }) => {
  const moments = events
    .filter(({ type }) => ACTIVITY.has(type))
    .map(({ at }) => at)
    .toSorted((a, b) => a - b);
  const ends = moments.filter((at, i) => {
    const next = moments[i + 1];
    return next === undefined || next - at > SESSION_GAP;
  });
  return unlessZero(ends.filter((at) => isWithin(at, 7 * DAY, now)).length);
};

const peakHour: Rule = (asked) => {
  const hours = within(asked, 30 * DAY)
    .filter(isOrder)
    .map(({ at }) => hourOfDay(at));
  const frequency = (hour: number): number => hours.filter((one) => one === hour).length;
  return hours.toSorted((a, b) => frequency(b) - frequency(a) || a - b)[0];
};

const isOnline = ({ source, channel }: ModelEvent): boolean =>
  source !== 'pos' && channel !== 'store';

const RULES: readonly (readonly [name: string, rule: Rule])[] = [
  ['days_since_order', daysSince(isOrder)],
  ['orders_365d', orders(365 * DAY)],
  ['money_365d', money(365 * DAY)],
  ['orders_7d', orders(7 * DAY)],
  ['orders_30d', orders(30 * DAY)],
  ['orders_90d', orders(90 * DAY)],
  ['money_7d', money(7 * DAY)],
  ['money_30d', money(30 * DAY)],
  ['money_90d', money(90 * DAY)],
  [
    'average_order_90d',
    (asked) => {
      const paid = within(asked, 90 * DAY).filter(isOrder);
      return paid.length === 0 ? undefined : rounded(sum(paid, total) / paid.length);
    },
  ],
  [
    'refund_share_90d',
    (asked) => {
      const all = within(asked, 90 * DAY);
      return share(
        sum(all.filter(ofType('order_refunded')), total),
        sum(all.filter(isOrder), total),
      );
    },
  ],
  [
    'discount_share_90d',
    (asked) => {
      const paid = within(asked, 90 * DAY).filter(isOrder);
      return share(sum(paid, discount), sum(paid, total) + sum(paid, discount));
    },
  ],
  [
    'items_per_order_90d',
    (asked) => {
      const paid = within(asked, 90 * DAY).filter(isOrder);
      if (paid.length === 0) return undefined;
      return rounded((sum(paid, pieces) * 10) / paid.length) / 10_000;
    },
  ],
  ['first_order_at', edge('first')],
  ['last_order_at', edge('last')],
  [
    'acquisition_channel',
    ({ events }) =>
      events
        .filter(({ channel }) => channel !== undefined)
        .toSorted((a, b) => a.at - b.at || compare(a.id, b.id))[0]?.channel,
  ],
  ['product_views_1h', count('product_viewed', HOUR)],
  ['product_views_1d', count('product_viewed', DAY)],
  ['product_views_7d', count('product_viewed', 7 * DAY)],
  ['searches_1h', count('product_searched', HOUR)],
  ['searches_1d', count('product_searched', DAY)],
  ['searches_7d', count('product_searched', 7 * DAY)],
  ['cart_adds_1h', count('cart_added', HOUR)],
  ['cart_adds_1d', count('cart_added', DAY)],
  ['cart_adds_7d', count('cart_added', 7 * DAY)],
  ['cart_value', cartValue],
  [
    'cart_to_order_conversion_30d',
    (asked) => {
      const all = within(asked, 30 * DAY).filter(({ source }) => source !== 'pos');
      return share(all.filter(isOrder).length, all.filter(ofType('cart_added')).length);
    },
  ],
  [
    'favourite_categories_90d',
    (asked) =>
      top(
        likedItems(asked).map(({ category }) => category),
        3,
      ),
  ],
  [
    'favourite_brand_90d',
    (asked) =>
      top(
        likedItems(asked).map(({ brand }) => brand),
        1,
      )?.[0],
  ],
  ['peak_shopping_hour_30d', peakHour],
  [
    'weekend_share_90d',
    (asked) => {
      const paid = within(asked, 90 * DAY).filter(isOrder);
      return share(paid.filter(({ at }) => isWeekend(at)).length, paid.length);
    },
  ],
  ['store_visits_30d', count('store_visited', 30 * DAY)],
  [
    'favourite_store_90d',
    (asked) => {
      const visits = within(asked, 90 * DAY).filter(ofType('store_visited', 'order_paid'));
      return top(
        visits.map(({ store }) => store),
        1,
      )?.[0];
    },
  ],
  [
    'online_share_90d',
    (asked) => {
      const paid = within(asked, 90 * DAY).filter(isOrder);
      return share(paid.filter(isOnline).length, paid.length);
    },
  ],
  ['sessions_7d', sessions],
  ['days_since_active', daysSince(({ type }) => ACTIVITY.has(type))],
  [
    'social_interactions_30d',
    (asked) => unlessZero(within(asked, 30 * DAY).filter(({ type }) => SOCIAL.has(type)).length),
  ],
  ['coupon_redemptions_90d', count('coupon_redeemed', 90 * DAY)],
  // Counts that are absent are none; anything else that is absent makes no condition true.
  [
    'new_customer',
    (asked) =>
      is(
        number(asked, 'orders_30d') >= 1 &&
          number(asked, 'orders_365d') === number(asked, 'orders_30d'),
      ),
  ],
  ['active', (asked) => is(known(asked, 'days_since_active') <= 30)],
  [
    'at_risk',
    (asked) => is(number(asked, 'orders_365d') >= 3 && known(asked, 'days_since_order') > 60),
  ],
  ['lapsed', (asked) => is(known(asked, 'days_since_active') > 90)],
  [
    'price_sensitive',
    (asked) => is(known(asked, 'discount_share_90d') >= 0.3 && number(asked, 'orders_90d') >= 3),
  ],
  [
    'high_value',
    (asked) => is(number(asked, 'money_365d') >= 500_000 && number(asked, 'orders_365d') >= 4),
  ],
  [
    'multi_channel',
    (asked) => is(known(asked, 'online_share_90d') > 0 && known(asked, 'online_share_90d') < 1),
  ],
  [
    'suspected_bot',
    (asked) =>
      is(
        number(asked, 'product_views_1h') +
          number(asked, 'searches_1h') +
          number(asked, 'cart_adds_1h') >
          600,
      ),
  ],
];

const likedItems = (asked: Asked) =>
  within(asked, 90 * DAY)
    .filter(({ type }) => LIKED.has(type))
    .flatMap(({ items }) => items);

const BY_NAME = new Map(RULES);
/** @public */
export const TAG_NAMES: readonly string[] = [...BY_NAME.keys()];

export const tagAt = (name: string, asked: Asked): TagValue | undefined =>
  BY_NAME.get(name)?.(asked);

export function tagsAt(asked: Asked): Tags {
  const values = RULES.map(([name, rule]) => [name, rule(asked)] as const);
  return new Map(values.filter((pair): pair is [string, TagValue] => pair[1] !== undefined));
}

/** A count or a sum: nothing is 0. */
export const number = (asked: Asked, name: string): number => Number(tagAt(name, asked) ?? 0);

/** NaN where it is absent: no comparison holds. */
export const known = (asked: Asked, name: string): number =>
  Number(tagAt(name, asked) ?? Number.NaN);

const is = (truth: boolean): true | undefined => (truth ? true : undefined);

/** Days are counted from a moment: what is told of such a tag over time is not its value. */
export const COUNTS_DAYS: ReadonlySet<string> = new Set(['days_since_order', 'days_since_active']);
