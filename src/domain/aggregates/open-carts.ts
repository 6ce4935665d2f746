/**
 * What lies in a shopper's carts now. A cart is what was put in and taken out after it was last paid
 * (`order_paid` with its id; without ids there is one cart, which any payment without an id closes),
 * at least nothing. A cart whose amount nobody changed for 30 days is empty. Remembered are the `CARTS_MAX`
 * carts touched last.
 */
import type { Event } from '../event.ts';
import { DAY_MS } from '../zone.ts';
import { hash32 } from '../hash.ts';
import type { CartState } from './cart-state.ts';
import {
  add,
  assign,
  dropBefore,
  mergeSums,
  newCells,
  newest,
  numberAt,
  pairsOf,
  valueAt,
} from './cells.ts';
import { amountOf } from './fields.ts';

export const CARTS_MAX = 8;
export const CART_KEPT_MS = 30 * DAY_MS;
/** What comes so late still finds the cart it was for, and the payment that closed it. */
const LATE_MS = 7 * DAY_MS;
/** Beyond as many changes of one cart, the earliest are taken together. */
const CHANGES_MAX = 32;

export const CART_EVENTS: ReadonlySet<string> = new Set([
  'cart_added',
  'cart_removed',
  'order_paid',
]);

export function noteCart(carts: CartState[], event: Event): void {
  const key = hash32(event.cart ?? '');
  if (event.type === 'order_paid') {
    bring(carts, { key, closed: event.at + 1, changes: newCells() });
    return;
  }
  const fen = event.items.reduce((sum, item) => sum + amountOf(item), 0);
  const changes = newCells();
  add(changes, event.at, event.type === 'cart_removed' ? -fen : fen);
  bring(carts, { key, closed: 0, changes });
}

export function mergeCarts(into: CartState[], from: readonly CartState[]): void {
  for (const cart of from) bring(into, cart);
}

/** Fen. */
export function cartValue(carts: readonly CartState[], now: number): number {
  let value = 0;
  for (const cart of carts) {
    if (touchedAt(cart) > now - CART_KEPT_MS) value += valueOf(cart);
  }
  return value;
}

/** When a cart that has something in it is next taken for empty; null: never. */
export function nextCartEnd(carts: readonly CartState[], now: number): number | null {
  let next: number | null = null;
  for (const cart of carts) {
    const endAt = touchedAt(cart) + CART_KEPT_MS;
    if (endAt > now && valueOf(cart) > 0) next = Math.min(next ?? endAt, endAt);
  }
  return next;
}

/**
 * A cart is remembered for as long as it can have a value, and for `LATE_MS` more; a paid one as well,
 * as what was put in may be on another profile that is merged later.
 */
export function forgetCarts(carts: CartState[], now: number): void {
  const kept = carts.findIndex((cart) => touchedAt(cart) > now - CART_KEPT_MS - LATE_MS);
  carts.splice(0, kept < 0 ? carts.length : kept);
}

/** What was put in before 30 days of nothing is not in it any more. */
function valueOf({ changes }: CartState): number {
  let sum = 0;
  let after = Infinity;
  for (let index = changes.count - 1; index >= 0; index--) {
    const at = numberAt(changes, index);
    if (after - at >= CART_KEPT_MS && after < Infinity) break;
    sum += valueAt(changes, index);
    after = at;
  }
  return Math.max(0, sum);
}

const touchedAt = ({ closed, changes }: CartState): number =>
  Math.max(closed - 1, newest(changes) ?? 0);

function bring(carts: CartState[], cart: CartState): void {
  const index = carts.findIndex(({ key }) => key === cart.key);
  const known = carts[index];
  // A payment of a cart we know nothing of is remembered all the same: what was put in before it
  // may still be on its way.
  const joined = known ?? { key: cart.key, closed: 0, changes: newCells() };
  joined.closed = Math.max(joined.closed, cart.closed);
  mergeSums(joined.changes, cart.changes);
  dropBefore(joined.changes, joined.closed);
  boundChanges(joined);
  if (known !== undefined) carts.splice(index, 1);
  if (joined.closed > 0 || joined.changes.count > 0) insert(carts, joined);
  if (carts.length > CARTS_MAX) carts.shift();
}

/** Sorted by (touched, key). */
function insert(carts: CartState[], cart: CartState): void {
  const at = touchedAt(cart);
  let index = carts.length;
  while (index > 0) {
    const before = carts[index - 1] as CartState;
    const beforeAt = touchedAt(before);
    if (beforeAt < at || (beforeAt === at && before.key < cart.key)) break;
    index--;
  }
  carts.splice(index, 0, cart);
}

function boundChanges({ changes }: CartState): void {
  if (changes.count <= CHANGES_MAX) return;
  const pairs = pairsOf(changes);
  const early = pairs.slice(0, pairs.length - CHANGES_MAX + 1);
  const [lastAt] = early.at(-1) ?? [0, 0];
  const sum = early.reduce((total, [, fen]) => total + fen, 0);
  assign(changes, [...(sum === 0 ? [] : ([[lastAt, sum]] as const)), ...pairs.slice(early.length)]);
}
