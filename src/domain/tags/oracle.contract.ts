/**
 * What tags must say, worked out from nothing but the list of events and the text of the window rule:
 * filter and add up, no state, no tiles kept. Shares no code with the engine.
 */
import type { Event } from '../event.ts';
import { DAY, HOUR, MINUTE } from './fixtures.contract.ts';

export interface OracleZone {
  offsetAt(at: number): number;
}

export interface Definition {
  readonly name: string;
  readonly [field: string]: unknown;
}

type Told = number | string | readonly string[] | undefined;

/** Of every tag but `when`. Money in fen, averages and shares rounded as the rule says. */
export function tell(
  definition: Definition,
  events: readonly Event[],
  now: number,
  zone: OracleZone,
): Told {
  const window = (types: unknown, keep: (event: Event) => boolean = () => true): Event[] =>
    events.filter(
      (event) =>
        isOf(types, event) && keep(event) && isWithin(definition['over'], event.at, now, zone),
    );
  const of = (): Event[] => window(definition['of']);
  if ('count' in definition) {
    const isNet = definition['count'] === 'order_paid' && definition['refunds'] !== 'ignore';
    const gone = isNet ? voided(events).filter((each) => isIn(each.at)) : [];
    return orAbsent(window(definition['count']).length - gone.length);
  }
  if ('sum' in definition) {
    const isNet =
      definition['sum'] === 'order.total' &&
      definition['of'] === 'order_paid' &&
      definition['refunds'] !== 'ignore';
    const back = isNet ? paidBack(events).filter((each) => isIn(each.at)) : [];
    const sum = total(of().map((event) => valueOf(definition['sum'], event) ?? 0));
    return orAbsent(sum - total(back.map(({ fen }) => fen)));
  }
  if ('average' in definition) {
    const list = of();
    const sum = total(list.map((event) => valueOf(definition['average'], event) ?? 0));
    return list.length === 0 ? undefined : half(sum / list.length, definition['average']);
  }
  if ('min' in definition) return extreme(of(), definition['min'], Math.min);
  if ('max' in definition) return extreme(of(), definition['max'], Math.max);
  if (definition['share'] === 'weekend') {
    const days = of().map((event) => localDate(event.at, zone).getUTCDay());
    return share(days.filter((day) => day === 0 || day === 6).length, days.length);
  }
  if ('share' in definition) {
    const { of: above, in: below } = definition['share'] as { of: unknown; in: unknown };
    const side = (part: unknown): number => {
      if (typeof part === 'string') {
        return total(window('order_paid').map((event) => valueOf(part, event) ?? 0));
      }
      const { count, sum, of: types } = part as { count?: unknown; sum?: unknown; of?: unknown };
      if (count !== undefined) {
        const online = 'where' in (part as object);
        return window(count, (event) => !online || isOnline(event)).length;
      }
      return total(window(types).map((event) => valueOf(sum, event) ?? 0));
    };
    return share(side(above), side(below));
  }
  if ('conversion' in definition) {
    const { from, to } = definition['conversion'] as { from: unknown; to: unknown };
    const keep = (event: Event) => !('where' in definition) || event.source !== 'pos';
    return share(window(to, keep).length, window(from, keep).length);
  }
  if ('distinct' in definition) {
    const texts = of().flatMap((event) => textsOf(definition['distinct'], event));
    return orAbsent(new Set(texts).size);
  }
  if ('top' in definition) return topOf(of(), definition['top'] as TopAsked);
  if (definition['peak'] === 'hour_of_day') {
    return mostFrequent(of().map((event) => localDate(event.at, zone).getUTCHours()));
  }
  if (definition['peak'] === 'weekday') {
    return mostFrequent(of().map((event) => (localDate(event.at, zone).getUTCDay() + 6) % 7));
  }
  if ('sessions' in definition) {
    const all = events.filter((event) => isOf(definition['sessions'], event));
    const ends = new Set(
      all
        .filter(({ at }) => !all.some((next) => next.at > at && next.at <= at + 30 * MINUTE))
        .map(({ at }) => at),
    );
    return orAbsent([...ends].filter(isIn).length);
  }
  if (definition['first'] === 'at' || definition['last'] === 'at') {
    const moments = of().map(({ at }) => at);
    if (moments.length === 0) return undefined;
    return definition['first'] === 'at' ? Math.min(...moments) : Math.max(...moments);
  }
  if ('first' in definition || 'last' in definition) {
    const field = definition['first'] ?? definition['last'];
    const sorted = of()
      .filter((event) => textsOf(field, event).length > 0)
      .toSorted((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1));
    const event = 'first' in definition ? sorted[0] : sorted.at(-1);
    return event && textsOf(field, event)[0];
  }
  if ('days_since' in definition) {
    const moments = window(definition['days_since']).map(({ at }) => at);
    if (moments.length === 0) return undefined;
    return Math.max(0, Math.floor((now - Math.max(...moments)) / DAY));
  }
  if ('cart' in definition) return orAbsent(cartsWorth(events, now));
  throw new Error(`The oracle cannot tell ${definition.name}.`);

  function isIn(at: number): boolean {
    return isWithin(definition['over'], at, now, zone);
  }
}

function isWithin(over: unknown, at: number, now: number, zone: OracleZone): boolean {
  if (typeof over !== 'string') return true;
  const unit = { m: MINUTE, h: HOUR, d: DAY }[over.slice(-1)] ?? NaN;
  const span = Number(over.slice(0, -1)) * unit;
  if (span <= 12 * HOUR)
    return Math.floor(at / (5 * MINUTE)) >= Math.floor(now / (5 * MINUTE)) - span / (5 * MINUTE);
  if (span <= 12 * DAY) return Math.floor(at / HOUR) >= Math.floor(now / HOUR) - span / HOUR;
  const dayOf = (moment: number) => Math.floor(localDate(moment, zone).getTime() / DAY);
  return dayOf(at) >= dayOf(now) - span / DAY;
}

/** A date whose UTC fields are the local ones. */
const localDate = (at: number, zone: OracleZone): Date => new Date(at + zone.offsetAt(at));

const isOf = (types: unknown, event: Event): boolean =>
  types === 'any' || [types].flat().includes(event.type);

const isOnline = ({ source, channel }: Event): boolean => source !== 'pos' && channel !== 'store';

const total = (numbers: readonly number[]): number => numbers.reduce((sum, each) => sum + each, 0);
const orAbsent = (number: number): number | undefined => (number === 0 ? undefined : number);

const fourDecimals = (ratio: number): number => Math.floor(ratio * 10_000 + 0.5) / 10_000;

function share(above: number, below: number): number | undefined {
  return below <= 0 ? undefined : fourDecimals(above / below);
}

const half = (average: number, field: unknown): number =>
  isMoney(field) ? Math.floor(average + 0.5) : fourDecimals(average);

const isMoney = (field: unknown): boolean =>
  String(field).startsWith('order.') || field === 'items.price';

function extreme(events: readonly Event[], field: unknown, pick: (...n: number[]) => number) {
  const values = events.flatMap((event) => valueOf(field, event) ?? []);
  return values.length === 0 ? undefined : pick(...values);
}

function valueOf(field: unknown, event: Event): number | undefined {
  switch (field) {
    case 'order.total':
      return event.order?.total;
    case 'order.discount':
      return event.order?.discount;
    case 'order.gross':
      return event.order && event.order.total + event.order.discount;
    case 'items.quantity':
      return event.items.length === 0 ? undefined : total(event.items.map((each) => each.quantity));
    default:
      throw new Error(`The oracle does not know ${String(field)}.`);
  }
}

function textsOf(field: unknown, event: Event): string[] {
  switch (field) {
    case 'channel':
      return event.channel === undefined ? [] : [event.channel];
    case 'store':
      return event.store === undefined ? [] : [event.store];
    case 'items.sku':
      return event.items.map(({ sku }) => sku);
    case 'items.category':
      return event.items.flatMap(({ category }) => category ?? []);
    case 'items.brand':
      return event.items.flatMap(({ brand }) => brand ?? []);
    default:
      throw new Error(`The oracle does not know ${String(field)}.`);
  }
}

interface TopAsked {
  readonly field: string;
  readonly k: number;
  readonly by?: string;
}

function topOf(events: readonly Event[], { field, k, by }: TopAsked): Told {
  const weights = new Map<string, number>();
  for (const event of events) {
    const texts = textsOf(field, event);
    const weight = by === 'order.total' ? (event.order?.total ?? 0) : 1;
    for (const text of texts) weights.set(text, (weights.get(text) ?? 0) + weight);
  }
  const best = [...weights]
    .filter(([, weight]) => weight > 0)
    .toSorted(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))
    .slice(0, k)
    .map(([text]) => text);
  if (best.length === 0) return undefined;
  return k === 1 ? best[0] : best;
}

function mostFrequent(values: readonly number[]): number | undefined {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].toSorted(([a, x], [b, y]) => y - x || a - b)[0]?.[0];
}

interface Back {
  readonly at: number;
  readonly fen: number;
}

const idsOf = (events: readonly Event[]): Set<string> =>
  new Set(events.flatMap(({ order }) => order?.id ?? []));

function lifeOf(id: string, events: readonly Event[]) {
  const own = events.filter(({ order }) => order?.id === id).toSorted((a, b) => a.at - b.at);
  const paid = own.filter(({ type }) => type === 'order_paid');
  const refunds = own.filter(({ type }) => type === 'order_refunded');
  const cancelled = own.find(({ type }) => type === 'order_cancelled');
  return { paid, refunds, cancelled, total: total(paid.map(({ order }) => order?.total ?? 0)) };
}

/** One for each order_paid that was undone as a whole, at the moment it was. */
function voided(events: readonly Event[]): { at: number }[] {
  return [...idsOf(events)].flatMap((id) => {
    const { paid, refunds, cancelled, total: due } = lifeOf(id, events);
    const moments = cancelled === undefined ? [] : [cancelled.at];
    let sum = 0;
    for (const { at, order } of refunds) {
      sum += order?.total ?? 0;
      if ((order?.total ?? 0) > 0 && sum >= due) moments.push(at);
    }
    return moments.length === 0 ? [] : paid.map(() => ({ at: Math.min(...moments) }));
  });
}

function paidBack(events: readonly Event[]): Back[] {
  return [...idsOf(events)].flatMap((id) => {
    const { paid, refunds, cancelled, total: due } = lifeOf(id, events);
    const back = refunds.map(({ at, order }) => ({ at, fen: order?.total ?? 0 }));
    const rest = Math.max(0, due - total(back.map(({ fen }) => fen)));
    return cancelled === undefined || paid.length === 0
      ? back
      : [...back, { at: cancelled.at, fen: rest }];
  });
}

function cartsWorth(events: readonly Event[], now: number): number {
  const carts = new Map<string, Event[]>();
  for (const event of events) {
    if (!['cart_added', 'cart_removed', 'order_paid'].includes(event.type)) continue;
    carts.set(event.cart ?? '', [...(carts.get(event.cart ?? '') ?? []), event]);
  }
  return total(
    [...carts.values()].map((own) => {
      const closedAt = Math.max(
        -1,
        ...own.flatMap(({ type, at }) => (type === 'order_paid' ? at : [])),
      );
      const changes = own.filter(({ type, at }) => type !== 'order_paid' && at > closedAt);
      const worth = changes
        .filter(({ at }) => at > now - 30 * DAY)
        .map(({ type, items }) => {
          const fen = total(items.map(({ quantity, price }) => Math.round(quantity * price)));
          return type === 'cart_removed' ? -fen : fen;
        });
      return Math.max(0, total(worth));
    }),
  );
}
