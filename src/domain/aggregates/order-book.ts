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
import { hash32 } from '../hash.ts';
import { add, assign, mergeSums, newCells, pairsOf, type Cells, type Pair } from './cells.ts';
import type { OrderState } from './order-state.ts';

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
  return bring(orders, noted(event, hash32(order.id), order.total));
}

/** Joins another profile's orders; answers what that changes in the returns of both together. */
export function mergeOrders(into: OrderState[], from: readonly OrderState[]): readonly Return[] {
  return from.flatMap((order) => {
    const alone = minus(returnsOf(order));
    return [...alone, ...bring(into, order)];
  });
}

export const hasOldOrders = (orders: readonly OrderState[], beforeDay: number): boolean =>
  (orders[0]?.day ?? Infinity) < beforeDay;

export function forgetOrders(orders: OrderState[], beforeDay: number): void {
  if (!hasOldOrders(orders, beforeDay)) return;
  const kept = orders.findIndex(({ day }) => day >= beforeDay);
  orders.splice(0, kept < 0 ? orders.length : kept);
}

const NONE: readonly Return[] = [];

/** The event as an order of its own. */
function noted({ type, at }: Event, key: number, total: number): OrderState {
  const isPaid = type === 'order_paid';
  const isRefund = type === 'order_refunded' && total !== 0;
  return {
    key,
    day: Math.floor(at / DAY_MS),
    counted: isPaid ? 1 : 0,
    total: isPaid ? total : 0,
    refunds: isRefund ? refundOf(at, total) : null,
    cancelledAt: type === 'order_cancelled' ? at : null,
  };
}

function refundOf(at: number, fen: number): Cells {
  const refunds = newCells();
  add(refunds, at, fen);
  return refunds;
}

/** Joins one order to the list; answers the change of the list's returns. */
function bring(orders: OrderState[], order: OrderState): readonly Return[] {
  const index = orders.findIndex(({ key }) => key === order.key);
  const known = orders[index];
  const before = known === undefined ? NONE : returnsOf(known);
  const joined = known === undefined ? order : joinOrders(known, order);
  if (known !== undefined) orders.splice(index, 1);
  insert(orders, joined);
  const after = returnsOf(joined);
  if (orders.length > ORDERS_MAX) orders.shift();
  return before.length === 0 ? after : [...after, ...minus(before)];
}

function joinOrders(one: OrderState, other: OrderState): OrderState {
  return {
    key: one.key,
    day: Math.max(one.day, other.day),
    counted: one.counted + other.counted,
    total: one.total + other.total,
    refunds: joinRefunds(one.refunds, other.refunds),
    cancelledAt: earliest(one.cancelledAt, other.cancelledAt),
  };
}

function joinRefunds(one: Cells | null, other: Cells | null): Cells | null {
  if (one === null || other === null) return one ?? other;
  mergeSums(one, other);
  boundRefunds(one);
  return one;
}

const earliest = (one: number | null, other: number | null): number | null =>
  one === null || other === null ? (one ?? other) : Math.min(one, other);

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

function returnsOf({ counted, total, refunds, cancelledAt }: OrderState): readonly Return[] {
  if (refunds === null && (cancelledAt === null || counted === 0)) return NONE;
  const returns: Return[] = [];
  let refunded = 0;
  let voidAt = cancelledAt ?? Infinity;
  for (const [at, money] of refunds === null ? [] : pairsOf(refunds)) {
    returns.push({ at, count: 0, money });
    refunded += money;
    if (refunded >= total) voidAt = Math.min(voidAt, at);
  }
  if (counted === 0) return returns;
  if (voidAt < Infinity) returns.push({ at: voidAt, count: counted, money: 0 });
  const rest = cancelledAt === null ? 0 : Math.max(0, total - refunded);
  if (rest > 0) returns.push({ at: cancelledAt ?? 0, count: 0, money: rest });
  return returns;
}

const minus = (returns: readonly Return[]): readonly Return[] =>
  returns.map(({ at, count, money }) => ({ at, count: -count, money: -money }));
