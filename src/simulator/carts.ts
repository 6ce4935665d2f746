/**
 * What became of each cart, by what happened when, whatever order it arrives in: the truth that an
 * abandoned-cart rule is held against.
 */
import type { Draft } from './visit.ts';

export interface CartTruth {
  readonly cart: string;
  readonly shopper: number;
  /** When something was put in, in order of `at`. */
  readonly addedAt: readonly number[];
  readonly paidAt: number | undefined;
  /** Fen, of what was put in less what was taken out. */
  readonly valueFen: number;
}

export interface CartFates {
  /** The wait went by without payment: one for each time that happened, `at` + wait. */
  readonly dueAt: readonly number[];
  /** Put in, then paid before the wait was over. */
  readonly paidInTime: number;
}

/** undefined: there was no cart. A visit has one at most. */
export function cartOf(shopper: number, drafts: readonly Draft[]): CartTruth | undefined {
  let cart: string | undefined;
  let paidAt: number | undefined;
  let valueFen = 0;
  const addedAt: number[] = [];
  for (const { type, facts, at } of drafts) {
    if (type === 'cart_added') {
      cart = facts.cart;
      addedAt.push(at);
    } else if (type === 'order_paid' && facts.cart !== undefined) {
      paidAt = at;
    }
    const sign = type === 'cart_added' ? 1 : -1;
    if (type !== 'cart_added' && type !== 'cart_removed') continue;
    for (const item of facts.items ?? []) {
      valueFen += sign * Math.round(item.price * item.quantity * 100);
    }
  }
  return cart === undefined ? undefined : { cart, shopper, addedAt, paidAt, valueFen };
}

/**
 * The rule without limits or conditions: put in, and not paid (same cart) within the wait; putting in
 * again starts the wait anew. Only what is due before `until` counts.
 */
export function fatesOf(
  carts: Iterable<CartTruth>,
  { waitMs, until }: { readonly waitMs: number; readonly until: number },
): CartFates {
  const dueAt: number[] = [];
  let paidInTime = 0;
  for (const { addedAt, paidAt } of carts) {
    for (let n = 0; n < addedAt.length; n++) {
      const at = addedAt[n] as number;
      const again = addedAt[n + 1];
      if (again !== undefined && again - at <= waitMs) continue;
      if (paidAt !== undefined && paidAt >= at && paidAt - at <= waitMs) paidInTime++;
      else if (at + waitMs < until) dueAt.push(at + waitMs);
    }
  }
  return { dueAt, paidInTime };
}
