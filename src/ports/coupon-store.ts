/**
 * Coupons: stock, codes and who got them. Issue is one atomic step, idempotent by action id: stock
 * never goes below zero, a repeat answers the same code, issued = stock − left at any instant.
 */
export interface IssueRequest {
  readonly tenant: string;
  readonly coupon: string;
  /** The idempotency key. */
  readonly action: string;
  readonly profile: string;
  /** ms UTC. */
  readonly at: number;
  readonly expiresAt: number | null;
  /** The code to give where the definition makes its own; null: take the next of the pool. */
  readonly madeCode: string | null;
  /** Most issues altogether; null: no limit. For a pool the pool is the limit as well. */
  readonly stock: number | null;
  readonly perProfile: number | null;
}

export type IssueAnswer =
  | {
      readonly kind: 'issued';
      readonly code: string;
      readonly expiresAt: number | null;
      /** This action had it before. */
      readonly again: boolean;
    }
  | { readonly kind: 'refused'; readonly reason: 'out_of_stock' | 'pool_empty' | 'profile_limit' };

export interface IssuedCoupon {
  readonly coupon: string;
  readonly code: string;
  readonly profile: string;
  readonly action: string;
  readonly issuedAt: number;
  readonly expiresAt: number | null;
}

export interface CouponStock {
  readonly issued: number;
  /** Codes imported and not yet given. */
  readonly pool: number;
}

export interface CouponStore {
  issue(request: IssueRequest): Promise<IssueAnswer>;
  /** Adds codes to the pool; those the tenant already has, given or not, are `known`. */
  importCodes(
    tenant: string,
    coupon: string,
    codes: readonly string[],
  ): Promise<{ readonly added: number; readonly known: number }>;
  stock(tenant: string, coupon: string): Promise<CouponStock>;
  find(tenant: string, code: string): Promise<IssuedCoupon | undefined>;
}
