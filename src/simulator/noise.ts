/**
 * What goes wrong between a shopper and Weft: events arrive twice, out of order, hours late, under
 * placeholders, or broken. Each event suffers at most one of these, and the truth says which. Drafts
 * are changed before they are accepted, so that what they do to the order is known.
 */
import { HOUR_MS, MINUTE_MS, SECOND_MS } from './calendar.ts';
import type { Sent } from './identities.ts';
import type { Random } from './random.ts';
import type { Draft, EventType } from './visit.ts';

/** Shares of ordinary events, 0 to 1. */
export interface NoiseRates {
  /** Told a second time, as it was, seconds to minutes later. */
  readonly duplicates: number;
  /** Arrives up to four minutes after what followed it. */
  readonly disorder: number;
  /** Of the kinds that devices keep while they are offline: hours to three days. */
  readonly late: number;
  /** Carries a value that points at nobody beside its true identifiers. */
  readonly placeholders: number;
  /** Carries nothing else. */
  readonly unresolved: number;
  /** Followed by an event that must be refused. */
  readonly poison: number;
  /** Followed by an event that names two members. */
  readonly twoValues: number;
}

export const LIFELIKE_NOISE: NoiseRates = {
  duplicates: 0.01,
  disorder: 0.02,
  late: 0.003,
  placeholders: 0.005,
  unresolved: 0.001,
  poison: 0.002,
  twoValues: 0.0002,
};

export const NO_NOISE: NoiseRates = {
  duplicates: 0,
  disorder: 0,
  late: 0,
  placeholders: 0,
  unresolved: 0,
  poison: 0,
  twoValues: 0,
};

/** An offline till, a beacon, an app without a network: no cart waits for these. */
const MAY_BE_LATE: ReadonlySet<EventType> = new Set([
  'store_visited',
  'product_viewed',
  'post_liked',
]);
const MAY_LOSE_ITS_SHOPPER: ReadonlySet<EventType> = new Set(['product_viewed', 'page_viewed']);
const LATENCY_MIN_MS = 200;
export const LATENCY_MAX_MS = 1_500;

export const PLACEHOLDERS: readonly Sent[] = [
  { type: 'uid', value: 'null' },
  { type: 'uid', value: 'undefined' },
  { type: 'uid', value: '-1' },
  { type: 'email', value: 'anonymous' },
  { type: 'member', value: '游客' },
  { type: 'device', value: '00000000-0000-0000-0000-000000000000' },
  { type: 'device', value: '02:00:00:00:00:00' },
];

/** `earliest`: nothing may be said to have happened before. */
export function disturb(
  drafts: readonly Draft[],
  rates: NoiseRates,
  { random, earliest }: { readonly random: Random; readonly earliest: number },
): void {
  // One way through the network a visit: only disorder changes the order.
  const latencyMs = random.between(LATENCY_MIN_MS, LATENCY_MAX_MS);
  for (const draft of drafts) {
    draft.arriveAt = draft.at + latencyMs;
    if (draft.who.rebinds === true) continue;
    let chance = random.next();
    if ((chance -= rates.disorder) < 0) {
      draft.kind = 'disordered';
      draft.arriveAt += random.between(20 * SECOND_MS, 4 * MINUTE_MS);
    } else if ((chance -= rates.placeholders) < 0) {
      addPlaceholder(draft, random);
    } else if ((chance -= rates.late) < 0) {
      makeLate(draft, random, earliest);
    } else if ((chance -= rates.unresolved) < 0) {
      loseShopper(draft, random);
    }
  }
}

function addPlaceholder(draft: Draft, random: Random): void {
  const { identifiers } = draft.who;
  const placeholder = random.pick(PLACEHOLDERS);
  draft.who = { ...draft.who, identifiers: [...identifiers, placeholder] };
}

/** It arrives in its place, but tells of something long past; rather hours than days. */
function makeLate(draft: Draft, random: Random, earliest: number): void {
  const isSale = draft.type === 'order_paid' && draft.facts.cart === undefined;
  if (!isSale && !MAY_BE_LATE.has(draft.type)) return;
  const delayMs = random.chance(0.7)
    ? random.between(2 * HOUR_MS, 20 * HOUR_MS)
    : random.between(26 * HOUR_MS, 70 * HOUR_MS);
  if (draft.at - delayMs < earliest) return;
  draft.at -= delayMs;
  draft.kind = 'late';
}

function loseShopper(draft: Draft, random: Random): void {
  if (!MAY_LOSE_ITS_SHOPPER.has(draft.type)) return;
  const identifiers = [random.pick(PLACEHOLDERS)];
  draft.who = { ...draft.who, identifiers, mask: 0, shared: undefined };
  draft.kind = 'unresolved';
}

/** How long after the first the second copy comes. */
export const repeatAfterMs = (random: Random): number =>
  random.chance(0.7)
    ? random.between(3 * SECOND_MS, 40 * SECOND_MS)
    : random.between(MINUTE_MS, 5 * MINUTE_MS);
