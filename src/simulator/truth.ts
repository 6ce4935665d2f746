/**
 * What really happened, as far as it has been told: counts of everything, and whose each identifier
 * is. It grows with the stream and knows nothing that was not yet sent.
 */
import { SOURCES, type Source } from '../domain/event.ts';
import { fatesOf, type CartFates, type CartTruth } from './carts.ts';
import type { SimulatedEvent, SimulatedKind } from './event.ts';
import { createGroups } from './groups.ts';
import { SLOTS, familyPhoneOf, tabletOf, type Sent } from './identities.ts';
import { POISON_KINDS, type PoisonKind } from './poison.ts';
import { shopperOf, valueOf } from './shoppers.ts';
import type { Shared, Who } from './visit.ts';
import type { World } from './world.ts';

interface Counts {
  /** Everything that was sent. */
  readonly events: number;
  readonly bySource: Readonly<Record<Source, number>>;
  /** Without duplicates and what must be refused. */
  readonly byType: Readonly<Record<string, number>>;
  readonly byKind: Readonly<Record<SimulatedKind, number>>;
  readonly byPoison: Readonly<Record<PoisonKind, number>>;
}

interface SharedTruth {
  readonly kind: Shared['kind'];
  readonly identifier: Sent;
  /** Who was seen with it under a name of their own. */
  readonly shoppers: ReadonlySet<number>;
}

export interface Truth {
  readonly counts: Counts;
  readonly shoppers: number;
  /** Whom an event was about, at least once; noise and poison do not count. */
  readonly shoppersSeen: number;
  /**
   * A shopper's own identifiers, in groups: within a group, events that carry two of them form a path;
   * between groups nothing could be seen. A number that was taken over is its new owner's.
   */
  groupsOf(shopper: number): readonly (readonly Sent[])[];
  readonly shared: Iterable<SharedTruth>;
  /** Empty unless the stream keeps carts. */
  readonly carts: readonly CartTruth[];
  /** See `fatesOf`; refused where the stream keeps no carts. */
  abandonedCarts(waitMs: number, until: number): CartFates;
  /** Visits that were given up because they came too near to something. */
  readonly visitsGivenUp: number;
}

export interface Witness {
  readonly truth: Truth;
  see(event: SimulatedEvent, who: Who | undefined): void;
  keepCart(cart: CartTruth): void;
  giveUp(): void;
}

type Counter<Name extends string> = Record<Name, number>;

const KINDS: readonly SimulatedKind[] = [
  'ordinary',
  'disordered',
  'late',
  'unresolved',
  'duplicate',
  'poison',
  'two_values',
];

export function createWitness(world: World, keepsCarts: boolean): Witness {
  const groups = createGroups(world.population.size);
  const sharing = createSharing(world);
  const movedNumbers = new Set<number>();
  const carts: CartTruth[] = [];
  const counts = {
    events: 0,
    bySource: counter(SOURCES),
    byType: Object.create(null) as Counter<string>,
    byKind: counter(KINDS),
    byPoison: counter(POISON_KINDS),
  };
  let visitsGivenUp = 0;

  const truth: Truth = {
    counts,
    shoppers: world.population.size,
    carts,
    get shoppersSeen() {
      return groups.shoppersSeen;
    },
    get visitsGivenUp() {
      return visitsGivenUp;
    },
    get shared() {
      return sharing.all();
    },
    groupsOf: (shopper) =>
      identifiersOf(world, {
        shopper,
        groups: groups.of(shopper),
        hasLostNumber: movedNumbers.has(shopper + 1),
      }),
    abandonedCarts(waitMs, until) {
      if (!keepsCarts) throw new RangeError('this stream keeps no carts: ask it for keepCarts');
      return fatesOf(carts, { waitMs, until });
    },
  };

  return {
    truth,
    keepCart(cart) {
      if (keepsCarts) carts.push(cart);
    },
    giveUp() {
      visitsGivenUp++;
    },
    see({ truth: { kind, shopper, poison }, source, type }, who) {
      counts.events++;
      counts.bySource[source]++;
      counts.byKind[kind]++;
      if (poison !== undefined) counts.byPoison[poison]++;
      if (who === undefined || shopper === null) return;
      counts.byType[type] = (counts.byType[type] ?? 0) + 1;
      if (who.shared !== undefined) sharing.note(who.shared, who.mask === 0 ? undefined : shopper);
      if (who.rebinds === true) movedNumbers.add(shopper);
      if (who.mask !== 0) groups.join(shopper, who.mask);
    },
  };
}

interface Owned {
  readonly shopper: number;
  readonly groups: readonly (readonly number[])[];
  /** The next shopper has taken the phone number over. */
  readonly hasLostNumber: boolean;
}

function identifiersOf(world: World, owned: Owned): readonly (readonly Sent[])[] {
  const shopper = shopperOf(world, owned.shopper);
  const hasLost = owned.hasLostNumber && shopper.kind === 'former_owner';
  return owned.groups
    .map((slots) => slots.map((slot) => SLOTS[slot] ?? 'member'))
    .map((slots) => slots.filter((slot) => !(hasLost && slot === 'phone')))
    .filter((slots) => slots.length > 0)
    .map((slots) => slots.map((slot) => valueOf(world, shopper, slot)));
}

function createSharing(world: World) {
  const known = new Map<string, SharedTruth & { readonly shoppers: Set<number> }>();
  return {
    all: () => known.values(),
    /** undefined: by somebody who did not say who. */
    note(use: Shared, shopper: number | undefined): void {
      const key = `${use.kind}/${use.kind === 'kiosk' ? use.kiosk : use.cluster}`;
      let one = known.get(key);
      if (one === undefined) {
        const identifier = sharedIdentifier(world, use);
        one = { kind: use.kind, identifier, shoppers: new Set() };
        known.set(key, one);
      }
      if (shopper !== undefined) one.shoppers.add(shopper);
    },
  };
}

const counter = <Name extends string>(names: readonly Name[]): Counter<Name> =>
  Object.fromEntries(names.map((name) => [name, 0])) as Counter<Name>;

function sharedIdentifier(world: World, use: Shared): Sent {
  switch (use.kind) {
    case 'tablet':
      return tabletOf(world.seed, use.cluster);
    case 'family_phone':
      return familyPhoneOf(world.seed, use.cluster);
    case 'kiosk':
      return (world.kiosks[use.kiosk] as World['kiosks'][number]).identifier;
  }
}
