/**
 * How well identifiers were put together, against the truth. Pairs of identifiers are counted: of the
 * pairs put into one profile, how many are one shopper's (precision); of the pairs that events have
 * shown to be one shopper's, how many are in one profile (recall). What several shoppers share is
 * nobody's and not counted.
 */
import type { Sent } from './identities.ts';
import type { Truth } from './truth.ts';

export interface Score {
  readonly identifiers: number;
  /** Identifiers that have no profile. */
  readonly missing: number;
  readonly profiles: number;
  readonly pairsTogether: number;
  readonly pairsRightlyTogether: number;
  readonly pairsVisible: number;
  readonly pairsFound: number;
  /** 1 where there is no pair to be wrong about. */
  readonly precision: number;
  readonly recall: number;
  /** Profiles that hold identifiers of two shoppers or more. */
  readonly overMerged: number;
  /** Groups that should have been one profile and are in several. */
  readonly underMerged: number;
}

/** undefined: the identifier leads to no profile. */
export type ProfileOf = (identifier: Sent) => string | undefined;

export function scorePartition(
  truth: Pick<Truth, 'shoppers' | 'groupsOf'>,
  profileOf: ProfileOf,
): Score {
  const holders = new Map<string, Map<number, number>>();
  const tally = { identifiers: 0, missing: 0, pairsVisible: 0, pairsFound: 0, underMerged: 0 };
  for (let shopper = 0; shopper < truth.shoppers; shopper++) {
    for (const group of truth.groupsOf(shopper)) {
      const found = new Map<string, number>();
      for (const identifier of group) {
        const profile = profileOf(identifier);
        if (profile === undefined) tally.missing++;
        else found.set(profile, (found.get(profile) ?? 0) + 1);
      }
      tally.identifiers += group.length;
      tally.pairsVisible += pairsOf(group.length);
      for (const [profile, count] of found) {
        tally.pairsFound += pairsOf(count);
        const held = holders.get(profile) ?? new Map<number, number>();
        held.set(shopper, (held.get(shopper) ?? 0) + count);
        holders.set(profile, held);
      }
      if (found.size > 1) tally.underMerged++;
    }
  }

  let pairsTogether = 0;
  let pairsRightlyTogether = 0;
  let overMerged = 0;
  for (const held of holders.values()) {
    let size = 0;
    for (const count of held.values()) {
      size += count;
      pairsRightlyTogether += pairsOf(count);
    }
    pairsTogether += pairsOf(size);
    if (held.size > 1) overMerged++;
  }
  return {
    ...tally,
    profiles: holders.size,
    pairsTogether,
    pairsRightlyTogether,
    precision: pairsTogether === 0 ? 1 : pairsRightlyTogether / pairsTogether,
    recall: tally.pairsVisible === 0 ? 1 : tally.pairsFound / tally.pairsVisible,
    overMerged,
  };
}

const pairsOf = (count: number): number => (count * (count - 1)) / 2;
