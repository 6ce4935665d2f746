/**
 * Who there is: each shopper's kind, and which shoppers share an identifier (a cluster: a family
 * and its tablet, a phone number that went from one to another). Two small arrays, whatever the
 * size: traits and identifiers are derived from a shopper's number when asked for.
 */
import { createRandom, createZipf, pickWeighted, type Random } from './random.ts';

export const SHOPPER_KINDS = [
  /** A loyalty card, mostly the app too, some a bound marketplace account. */
  'member',
  /** An app account; browses for a while before logging in. */
  'app',
  /** The mini-program and the official account. */
  'wechat',
  /** Known by a marketplace's buyer id only. */
  'platform',
  /** A browser and nothing else. */
  'guest',
  /** A member of a family that shares a tablet, sometimes a phone number. */
  'household',
  /** Had a phone number that was handed out again … */
  'former_owner',
  /** … to this one, who proved possession of it. */
  'next_owner',
  'bot',
] as const;
export type ShopperKind = (typeof SHOPPER_KINDS)[number];

export interface Population {
  readonly size: number;
  kindOf(shopper: number): ShopperKind;
  /** The first shopper of the cluster names it. */
  clusterOf(shopper: number): number;
  clusterSize(cluster: number): number;
  /** Over months: busy shoppers often (Zipf). */
  pickRegular(random: Random): number;
  /** Within the hour: anybody. */
  pickAnyone(random: Random): number;
}

const SHARES: Readonly<Record<ShopperKind, number>> = {
  member: 380,
  app: 180,
  wechat: 120,
  platform: 120,
  guest: 75,
  // One draw brings a family of three on average.
  household: 40,
  former_owner: 1,
  next_owner: 0,
  bot: 1,
};
/** So that the smallest world has one of each, near the front of the queue. */
const CAST: readonly ShopperKind[] = [
  'member',
  'app',
  'wechat',
  'platform',
  'guest',
  'household',
  'former_owner',
  'bot',
];
const PRIMES = [1_000_003, 1_000_033, 1_000_037, 1_000_039];

export function createPopulation(seed: number, size: number): Population {
  const random = createRandom(seed, 0x706f70);
  const kinds = new Uint8Array(size);
  const clusters = new Uint32Array(size);
  const weights = SHOPPER_KINDS.map((kind) => SHARES[kind]);
  let next = 0;
  for (let draw = 0; next < size; draw++) {
    const kind = CAST[draw] ?? SHOPPER_KINDS[pickWeighted(random, weights)] ?? 'member';
    const together = togetherOf(kind, random);
    const first = next;
    for (const one of together) {
      if (next === size) break;
      kinds[next] = SHOPPER_KINDS.indexOf(one);
      clusters[next] = first;
      next++;
    }
  }

  const rankOf = createZipf(size, 10 + size / 50);
  const stride = PRIMES.find((prime) => size % prime !== 0) ?? 1;
  const shift = random.below(size);
  return {
    size,
    kindOf: (shopper) => SHOPPER_KINDS[kinds[shopper] as number] as ShopperKind,
    clusterOf: (shopper) => clusters[shopper] as number,
    clusterSize(cluster) {
      let end = cluster;
      while (end < size && clusters[end] === cluster) end++;
      return end - cluster;
    },
    // Busyness has nothing to do with the number: ranks are spread by a bijection.
    pickRegular: (draw) => (rankOf(draw) * stride + shift) % size,
    pickAnyone: (draw) => draw.below(size),
  };
}

function togetherOf(kind: ShopperKind, random: Random): readonly ShopperKind[] {
  switch (kind) {
    case 'household':
      return Array.from({ length: random.between(2, 4) }, () => kind);
    case 'former_owner':
      return ['former_owner', 'next_owner'];
    case 'member':
    case 'app':
    case 'wechat':
    case 'platform':
    case 'guest':
    case 'next_owner':
    case 'bot':
      return [kind];
  }
}
