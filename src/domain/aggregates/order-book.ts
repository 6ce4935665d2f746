/**
 * What refunds and cancellations take away again, worked out per order, so that it is the same in
 * whatever order they and the order itself arrive, on one profile or on two that merge later:
 *
 *   money   every refund: its amount, at its own time. A cancellation of a paid order: what refunds
 *           have not paid back, at its own time.
 *   count   a paid order: −1 (as often as it was counted), at the refund with which the refunds of
 *           the order, by time, reach its total, or at its cancellation, whichever is earlier.
 *
 * A refund that names no order we remember takes away money only; a cancellation of one, nothing.
 * Nothing is cut off at zero: the net figures of a period in which more went back than was bought
 * are negative. Remembered are the `ORDERS_MAX` orders with the latest events.
 */
import type { Event } from '../event.ts';
import { DAY_MS } from '../zone.ts';
import { add, assign, mergeSums, pairsOf, type Cells, type Pair } from './cells.ts';
import { keyOf, type OrderState } from './state.ts';

export const ORDERS_MAX = 32;
/** Beyond as many refunds of one order, the earliest are taken together. */
const REFUNDS_MAX = 8;

/** What is to be added to the returns of the tile of `at`. */
export interface Return {
  readonly at: number;
  readonly count: number;
  readonly money: number;
}

export const ORDER_EVENTS: ReadonlySet<string> = new Set([
  'order_paid',
  'order_refunded',
  'order_cancelled',
]);

/** Notes an event of an order; answers what that changes in the returns. */
export function noteOrder(orders: OrderState[], event: Event): readonly Return[] {
  const { order } = event;
  if (order === undefined || !ORDER_EVENTS.has(event.type)) return NONE;
  return bring(orders, noted(event, keyOf(order.id), order.total));
}

/** Joins another profile's orders; answers what that changes in the returns of both together. */
export function mergeOrders(into: OrderState[], from: readonly OrderState[]): readonly Return[] {
  return from.flatMap((order) => {
    const alone = minus(returnsOf(order));
    return [...bring(into, order), ...alone];
  });
}

export function forgetOrders(orders: OrderState[], beforeDay: number): void {
  const kept = orders.findIndex(({ day }) => day >= beforeDay);
  orders.splice(0, kept < 0 ? orders.length : kept);
}

const NONE: readonly Return[] = [];

/** The event as an order of its own. */
function noted({ type, at }: Event, key: number, total: number): OrderState {
  const refunds: Cells = [];
  if (type === 'order_refunded') add(refunds, at, total);
  const isPaid = type === 'order_paid';
  return {
    key,
    day: Math.floor(at / DAY_MS),
    counted: isPaid ? 1 : 0,
    total: isPaid ? total : 0,
    refunds,
    cancelled: type === 'order_cancelled' ? at + 1 : 0,
  };
}

/** Joins one order to the list; answers the change of the list's returns. */
function bring(orders: OrderState[], order: OrderState): readonly Return[] {
  const index = orders.findIndex(({ key }) => key === order.key);
  const known = orders[index];
  const before = known === undefined ? NONE : returnsOf(known);
  const joined = known === undefined ? copyOf(order) : joinOrders(known, order);
  if (known !== undefined) orders.splice(index, 1);
  insert(orders, joined);
  const after = returnsOf(joined);
  if (orders.length > ORDERS_MAX) orders.shift();
  return before.length === 0 ? after : [...after, ...minus(before)];
}

function joinOrders(one: OrderState, other: OrderState): OrderState {
  mergeSums(one.refunds, other.refunds);
  boundRefunds(one.refunds);
  const cancelled = [one.cancelled, other.cancelled].filter((at) => at > 0);
  return {
    key: one.key,
    day: Math.max(one.day, other.day),
    counted: one.counted + other.counted,
    total: one.total + other.total,
    refunds: one.refunds,
    cancelled: cancelled.length === 0 ? 0 : Math.min(...cancelled),
  };
}

const copyOf = (order: OrderState): OrderState => ({ ...order, refunds: [...order.refunds] });

/** Sorted by (day, key), so that the list is the same whatever came first. */
function insert(orders: OrderState[], order: OrderState): void {
  let index = orders.length;
  while (index > 0) {
    const before = orders[index - 1] as OrderState;
    if (before.day < order.day || (before.day === order.day && before.key < order.key)) break;
    index--;
  }
  orders.splice(index, 0, order);
}

function boundRefunds(refunds: Cells): void {
  const pairs = pairsOf(refunds);
  if (pairs.length <= REFUNDS_MAX) return;
  const early = pairs.slice(0, pairs.length - REFUNDS_MAX + 1);
  const [lastAt] = early.at(-1) ?? [0, 0];
  const together: Pair = [lastAt, early.reduce((sum, [, fen]) => sum + fen, 0)];
  assign(refunds, [together, ...pairs.slice(early.length)]);
}

function returnsOf({ counted, total, refunds, cancelled }: OrderState): readonly Return[] {
  if (refunds.length === 0 && (cancelled === 0 || counted === 0)) return NONE;
  const returns: Return[] = [];
  let refunded = 0;
  let voidAt = cancelled > 0 ? cancelled - 1 : Infinity;
  for (const [at, money] of pairsOf(refunds)) {
    returns.push({ at, count: 0, money });
    refunded += money;
    if (refunded >= total) voidAt = Math.min(voidAt, at);
  }
  if (counted === 0) return returns;
  if (voidAt < Infinity) returns.push({ at: voidAt, count: counted, money: 0 });
  const rest = cancelled > 0 ? Math.max(0, total - refunded) : 0;
  if (rest > 0) returns.push({ at: cancelled - 1, count: 0, money: rest });
  return returns;
}

const minus = (returns: readonly Return[]): readonly Return[] =>
  returns.map(({ at, count, money }) => ({ at, count: -count, money: -money }));
