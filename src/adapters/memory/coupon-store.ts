/** Coupons in memory: every call is atomic on its own, as in a store that several share. */
import { WeftError } from '../../errors.ts';
import type {
  CouponStore,
  IssueAnswer,
  IssueRequest,
  IssuedCoupon,
} from '../../ports/coupon-store.ts';
import { isCouponCode } from '../../ports/coupon-store.ts';

interface Coupon {
  /** In the order they came. */
  readonly pool: Set<string>;
  readonly byAction: Map<string, IssuedCoupon>;
  readonly byProfile: Map<string, number>;
}

interface Tenant {
  readonly coupons: Map<string, Coupon>;
  /** Every code the tenant has; null: not given yet. */
  readonly codes: Map<string, IssuedCoupon | null>;
}

export function createMemoryCouponStore(): CouponStore {
  const tenants = new Map<string, Tenant>();
  const tenantOf = (name: string): Tenant => {
    const tenant = tenants.get(name) ?? { coupons: new Map(), codes: new Map() };
    tenants.set(name, tenant);
    return tenant;
  };
  return {
    issue: async (request) => issue(tenantOf(request.tenant), request),
    async importCodes(tenant, coupon, codes) {
      const wrong = codes.findIndex((code) => !isCouponCode(code));
      if (wrong >= 0) {
        throw new WeftError('invalid_parameter', `importing codes of ${coupon}: code ${wrong + 1}`);
      }
      return importCodes(tenantOf(tenant), coupon, codes);
    },
    async stock(tenant, coupon) {
      const { byAction, pool } = couponOf(tenantOf(tenant), coupon);
      return { issued: byAction.size, pool: pool.size };
    },
    find: async (tenant, code) => tenantOf(tenant).codes.get(code) ?? undefined,
  } satisfies CouponStore;
}

function issue(tenant: Tenant, request: IssueRequest): IssueAnswer {
  const { coupon: name, action, profile, perProfile, stock, madeCode } = request;
  const coupon = couponOf(tenant, name);
  const before = coupon.byAction.get(action);
  if (before) return answerOf(before, true);
  const had = coupon.byProfile.get(profile) ?? 0;
  const shopper = new Set([profile, ...request.mergedProfiles]);
  let hadAltogether = 0;
  for (const each of shopper) hadAltogether += coupon.byProfile.get(each) ?? 0;
  if (perProfile !== null && hadAltogether >= perProfile) return refused('profile_limit');
  if (stock !== null && coupon.byAction.size >= stock) return refused('out_of_stock');
  const [code] = madeCode === null ? coupon.pool : [madeCode];
  if (code === undefined) return refused('pool_empty');
  if (madeCode !== null && tenant.codes.has(madeCode)) return refused('code_taken');
  const { at: issuedAt, expiresAt } = request;
  const issued = { coupon: name, code, profile, action, issuedAt, expiresAt };
  coupon.pool.delete(code);
  coupon.byAction.set(action, issued);
  coupon.byProfile.set(profile, had + 1);
  tenant.codes.set(code, issued);
  return answerOf(issued, false);
}

function importCodes(
  tenant: Tenant,
  name: string,
  codes: readonly string[],
): { readonly added: number; readonly known: number } {
  const { pool } = couponOf(tenant, name);
  let added = 0;
  for (const code of codes) {
    if (tenant.codes.has(code)) continue;
    tenant.codes.set(code, null);
    pool.add(code);
    added += 1;
  }
  return { added, known: codes.length - added };
}

function couponOf({ coupons }: Tenant, name: string): Coupon {
  const coupon = coupons.get(name) ?? {
    pool: new Set(),
    byAction: new Map(),
    byProfile: new Map(),
  };
  coupons.set(name, coupon);
  return coupon;
}

const answerOf = ({ code, expiresAt }: IssuedCoupon, again: boolean): IssueAnswer => ({
  kind: 'issued',
  code,
  expiresAt,
  again,
});

const refused = (reason: Extract<IssueAnswer, { kind: 'refused' }>['reason']): IssueAnswer => ({
  kind: 'refused',
  reason,
});
