/**
 * Coupons in the environment. Issues that arrive together share a transaction; each is whole, so
 * issued = stock − left also after a crash.
 *
 *   coupon.issues    tenant, coupon, action     what was given
 *   coupon.codes     tenant, code               [coupon, action]; null: in a pool, not given
 *   coupon.pool      tenant, coupon, sequence   code
 *   coupon.holders   tenant, coupon, profile    how many
 *   coupon.counts    tenant, coupon             issued, left in the pool, next sequence
 */
import type { Database } from 'lmdb';
import { WeftError } from '../../errors.ts';
import type {
  CouponStore,
  IssueAnswer,
  IssueRequest,
  IssuedCoupon,
} from '../../ports/coupon-store.ts';
import { isCouponCode } from '../../ports/coupon-store.ts';
import type { Environment } from './environment.ts';

type Key = (string | number)[];
type Issue = Pick<IssuedCoupon, 'code' | 'profile' | 'issuedAt' | 'expiresAt'>;

interface Counts {
  readonly issued: number;
  readonly pool: number;
  readonly next: number;
}

interface Tables {
  readonly issues: Database<Issue, Key>;
  readonly codes: Database<readonly [coupon: string, action: string] | null, Key>;
  readonly pool: Database<string, Key>;
  readonly holders: Database<number, Key>;
  readonly counts: Database<Counts, Key>;
}

/** As for the ledger, whose steps these are. */
const PATIENCE_MS = 15;
const IMPORT_CHUNK = 2_000;
const NO_COUNTS: Counts = { issued: 0, pool: 0, next: 0 };

export function createLmdbCouponStore(environment: Environment): CouponStore {
  const tables = openTables(environment);
  return {
    issue: (request) =>
      environment.share({ run: () => issue(tables, request), patienceMs: PATIENCE_MS }),
    async importCodes(tenant, coupon, codes) {
      const wrong = codes.findIndex((code) => !isCouponCode(code));
      if (wrong >= 0) {
        throw new WeftError('invalid_parameter', `importing codes of ${coupon}: code ${wrong + 1}`);
      }
      let added = 0;
      for (let start = 0; start < codes.length; start += IMPORT_CHUNK) {
        const chunk = codes.slice(start, start + IMPORT_CHUNK);
        added += await environment.share({ run: () => addToPool(tables, [tenant, coupon], chunk) });
      }
      return { added, known: codes.length - added };
    },
    async stock(tenant, coupon) {
      const { issued, pool } = tables.counts.get([tenant, coupon]) ?? NO_COUNTS;
      return { issued, pool };
    },
    async find(tenant, code) {
      const given = isCouponCode(code) ? tables.codes.get([tenant, code]) : undefined;
      if (!given) return undefined;
      const [coupon, action] = given;
      const issued = tables.issues.get([tenant, coupon, action]);
      return issued && { ...issued, coupon, action };
    },
  } satisfies CouponStore;
}

function openTables(environment: Environment): Tables {
  const open = <V>(name: string): Database<V, Key> =>
    environment.openTable<V, Key>(name, { encoding: 'json', keyEncoding: 'ordered-binary' });
  return {
    issues: open('coupon.issues'),
    codes: open('coupon.codes'),
    pool: open('coupon.pool'),
    holders: open('coupon.holders'),
    counts: open('coupon.counts'),
  };
}

function issue(tables: Tables, request: IssueRequest): IssueAnswer {
  const { tenant, coupon, action, profile, madeCode } = request;
  const before = tables.issues.get([tenant, coupon, action]);
  if (before) return answerOf(before, true);
  const hadUnder = (pid: string): number => tables.holders.get([tenant, coupon, pid]) ?? 0;
  const had = hadUnder(profile);
  const counts = tables.counts.get([tenant, coupon]) ?? NO_COUNTS;
  if (request.perProfile !== null) {
    let hadAltogether = 0;
    for (const pid of new Set([profile, ...request.mergedProfiles])) hadAltogether += hadUnder(pid);
    if (hadAltogether >= request.perProfile) return refused('profile_limit');
  }
  if (request.stock !== null && counts.issued >= request.stock) return refused('out_of_stock');
  const next = madeCode === null ? firstOfPool(tables, tenant, coupon) : undefined;
  const code = madeCode ?? next?.code;
  if (code === undefined) return refused('pool_empty');
  if (madeCode !== null && tables.codes.doesExist([tenant, madeCode])) return refused('code_taken');
  const given = { code, profile, issuedAt: request.at, expiresAt: request.expiresAt };
  if (next) tables.pool.removeSync(next.key);
  tables.issues.putSync([tenant, coupon, action], given);
  tables.codes.putSync([tenant, code], [coupon, action]);
  tables.holders.putSync([tenant, coupon, profile], had + 1);
  tables.counts.putSync([tenant, coupon], {
    ...counts,
    issued: counts.issued + 1,
    pool: counts.pool - (next ? 1 : 0),
  });
  return answerOf(given, false);
}

function firstOfPool(
  { pool }: Tables,
  tenant: string,
  coupon: string,
): { readonly key: Key; readonly code: string } | undefined {
  const range = { start: [tenant, coupon, 0], end: [tenant, coupon, Infinity], limit: 1 };
  const [first] = pool.getRange(range);
  return first && { key: first.key, code: first.value };
}

/** Inside a transaction. Answers how many were new. */
function addToPool(
  tables: Tables,
  [tenant, coupon]: readonly [tenant: string, coupon: string],
  codes: readonly string[],
): number {
  const counts = tables.counts.get([tenant, coupon]) ?? NO_COUNTS;
  let { next } = counts;
  for (const code of codes) {
    if (tables.codes.doesExist([tenant, code])) continue;
    tables.codes.putSync([tenant, code], null);
    tables.pool.putSync([tenant, coupon, next], code);
    next += 1;
  }
  const added = next - counts.next;
  if (added > 0) {
    tables.counts.putSync([tenant, coupon], { ...counts, next, pool: counts.pool + added });
  }
  return added;
}

const answerOf = ({ code, expiresAt }: Issue, again: boolean): IssueAnswer => ({
  kind: 'issued',
  code,
  expiresAt,
  again,
});

const refused = (reason: Extract<IssueAnswer, { kind: 'refused' }>['reason']): IssueAnswer => ({
  kind: 'refused',
  reason,
});
