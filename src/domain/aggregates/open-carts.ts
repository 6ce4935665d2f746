/**
 * What lies in a shopper's carts now: for each cart what was put in and taken out after it was last
 * paid (`order_paid` with its id; without ids there is one cart, which any payment without an id
 * closes) and within the last 30 days, at least nothing. In SQL, by cart: the changes with
 * at > greatest(last payment, now − 30 d). Remembered are the `CARTS_MAX` carts touched last.
 */
import type { Event } from '../event.ts';
import { DAY_MS } from '../zone.ts';
import { hash32 } from '../hash.ts';
import type { CartState } from './cart-state.ts';
import {
  add,
  assign,
  dropBefore,
  firstFrom,
  mergeSums,
  newCells,
  newest,
  numberAt,
  pairsOf,
  sumFrom,
} from './cells.ts';
import { amountOf } from './fields.ts';

export const CARTS_MAX = 8;
export const CART_KEPT_MS = 30 * DAY_MS;
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
  for (const { changes } of carts) value += Math.max(0, sumFrom(changes, now - CART_KEPT_MS + 1));
  return value;
}

/** When the oldest change that counts will have been 30 days ago; null: never. */
export function nextCartEnd(carts: readonly CartState[], now: number): number | null {
  let next: number | null = null;
  for (const { changes } of carts) {
    const oldest = firstFrom(changes, now - CART_KEPT_MS + 1);
    if (oldest !== undefined) next = Math.min(next ?? Infinity, oldest + CART_KEPT_MS);
  }
  return next;
}

/** Is there anything for `forgetCarts`? */
export function hasOldCarts(carts: readonly CartState[], now: number): boolean {
  const oldest = now - CART_KEPT_MS + 1;
  return carts.some(({ closed, changes }) =>
    changes.count > 0 ? numberAt(changes, 0) < oldest : closed <= oldest,
  );
}

/** What does not count any more, and payments of nothing that could. */
export function forgetCarts(carts: CartState[], now: number): void {
  const oldest = now - CART_KEPT_MS + 1;
  for (const { changes } of carts) dropBefore(changes, oldest);
  const kept = carts.filter(({ closed, changes }) => changes.count > 0 || closed > oldest);
  if (kept.length < carts.length) carts.splice(0, carts.length, ...kept);
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
