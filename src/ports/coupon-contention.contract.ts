/**
 * 64 issuers at once on one coupon, in an order drawn from a seed: each asks for its actions, asks
 * again when a reply is lost, and sometimes asks again without need; others look at the stock between.
 */
import type { CouponStore, IssueAnswer, IssueRequest } from './coupon-store.ts';
import { retrying } from './retrying.contract.ts';

export interface Contention {
  readonly store: CouponStore;
  /** The same store as the issuers reach it: calls may fail before or after they acted. */
  readonly lossy: Pick<CouponStore, 'issue'>;
  readonly seed: number;
  /** Codes from a pool, or made. */
  readonly pooled: boolean;
}

const ISSUERS = 64;
const ACTIONS = 160;
const SHOPPERS = 40;
const STOCK = 70;
const POOL = 75;
const PER_PROFILE = 2;

/** Everything that was not as it must be; empty: all is well. */
export async function contendForCoupons(contention: Contention): Promise<readonly string[]> {
  const { store, lossy, pooled } = contention;
  const problems: string[] = [];
  const random = randomFrom(contention.seed);
  if (pooled) await store.importCodes('default', 'c', codes(POOL));
  const answers = new Map<string, IssueAnswer>();

  const look = async (): Promise<void> => {
    const { issued, pool } = await store.stock('default', 'c');
    if (issued > STOCK) problems.push(`${issued} issued of ${STOCK}`);
    if (pooled && issued !== POOL - pool)
      problems.push(`${issued} issued, ${pool} of ${POOL} left`);
  };
  const ask = async (action: number): Promise<void> => {
    const request = requestOf(action, pooled);
    const answer = await retrying(() => lossy.issue(request));
    const before = answers.get(request.action);
    if (before?.kind === 'issued' && (answer.kind !== 'issued' || answer.code !== before.code)) {
      problems.push(`${request.action} was given ${before.code}, then ${JSON.stringify(answer)}`);
    }
    if (answer.kind === 'issued' || before === undefined) answers.set(request.action, answer);
  };

  const order = Array.from({ length: 2 * ACTIONS }, (_, index) => index % ACTIONS);
  shuffle(order, random);
  const issuer = async (): Promise<void> => {
    for (let action = order.pop(); action !== undefined; action = order.pop()) {
      // Some issuers are slower than others: let any number of turns pass.
      for (let turns = Math.floor(random() * 4); turns > 0; turns -= 1) await Promise.resolve();
      await ask(action);
      if (random() < 0.3) await look();
    }
  };
  await Promise.all(Array.from({ length: ISSUERS }, issuer));
  await look();
  return [...problems, ...(await settle(store, answers))];
}

/** What must hold once everybody has an answer. */
async function settle(
  store: CouponStore,
  answers: ReadonlyMap<string, IssueAnswer>,
): Promise<readonly string[]> {
  const problems: string[] = [];
  const given = new Set<string>();
  const holders = new Map<string, number>();
  for (const [action, answer] of answers) {
    if (answer.kind !== 'issued') continue;
    if (given.has(answer.code)) problems.push(`${answer.code} was given twice`);
    given.add(answer.code);
    const found = await store.find('default', answer.code);
    if (found?.action !== action) problems.push(`${answer.code} is not found with ${action}`);
    const profile = found?.profile ?? '';
    holders.set(profile, (holders.get(profile) ?? 0) + 1);
  }
  for (const [profile, had] of holders) {
    if (had > PER_PROFILE) problems.push(`${profile} has ${had}`);
  }
  const { issued } = await store.stock('default', 'c');
  if (issued !== given.size) problems.push(`${issued} issued, ${given.size} known`);
  if (issued !== STOCK) problems.push(`${issued} issued though ${STOCK} were wanted`);
  return problems;
}

function requestOf(action: number, pooled: boolean): IssueRequest {
  return {
    tenant: 'default',
    coupon: 'c',
    action: `a${action}`,
    profile: `p${action % SHOPPERS}`,
    at: action,
    expiresAt: null,
    madeCode: pooled ? null : `made-${action}`,
    stock: STOCK,
    mergedProfiles: [],
    perProfile: PER_PROFILE,
  };
}

const codes = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `pool-${index}`);

function shuffle(list: number[], random: () => number): void {
  for (let last = list.length - 1; last > 0; last -= 1) {
    const other = Math.floor(random() * (last + 1));
    [list[last], list[other]] = [list[other] ?? 0, list[last] ?? 0];
  }
}

/** mulberry32: small, and the same everywhere. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
