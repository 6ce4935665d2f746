/**
 * Coupons: stock, codes and who got them. Issue is one atomic step, idempotent by action id: stock
 * never goes below zero, a repeat answers the same code, issued = stock − left at any instant. A code
 * belongs to one coupon of a tenant and is given once. Refusals are not kept: asking again may issue.
 */
export interface IssueRequest {
  readonly tenant: string;
  readonly coupon: string;
  /** With tenant and coupon the idempotency key. */
  readonly action: string;
  readonly profile: string;
  /** The shopper's other profiles, which became one with this: what they hold counts for `perProfile`. */
  readonly mergedProfiles: readonly string[];
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
  | {
      readonly kind: 'refused';
      /** `code_taken`: the tenant has the code made for this already. Make another. */
      readonly reason: 'out_of_stock' | 'pool_empty' | 'profile_limit' | 'code_taken';
    };

/** Longest code, in UTF-16 units. */
export const COUPON_CODE_LENGTH_MAX = 128;
const NOT_IN_A_CODE = /[\p{Cc}\p{Cs}]/u;

/** Can a till print, scan and send back this text? No blanks at its ends, no control characters. */
export const isCouponCode = (code: string): boolean =>
  code.length > 0 &&
  code.length <= COUPON_CODE_LENGTH_MAX &&
  code.trim() === code &&
  !NOT_IN_A_CODE.test(code);

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
  /**
   * Adds codes to the pool, to be given in this order; those the tenant already has, given or not,
   * are `known`. Any number of codes: they go in by chunks, so after an error some may be in, and
   * the same call again adds the rest. What is no code is `invalid_parameter`, and none is added.
   */
  importCodes(
    tenant: string,
    coupon: string,
    codes: readonly string[],
  ): Promise<{ readonly added: number; readonly known: number }>;
  stock(tenant: string, coupon: string): Promise<CouponStock>;
  find(tenant: string, code: string): Promise<IssuedCoupon | undefined>;
}
