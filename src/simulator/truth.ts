/**
 * What really happened, as far as it has been told: counts of everything, and whose each identifier
 * is. It grows with the stream and knows nothing that was not yet sent. Thirteen bytes a shopper
 * hold which of their identifiers were seen, and which of those an event has shown together.
 */
import { SOURCES, type Source } from '../domain/event.ts';
import { fatesOf, type CartFates, type CartTruth } from './carts.ts';
import type { SimulatedEvent, SimulatedKind } from './event.ts';
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

const SLOT_COUNT = SLOTS.length;
const PHONE = SLOTS.indexOf('phone');

export function createWitness(world: World, keepsCarts: boolean): Witness {
  const { size } = world.population;
  // Per shopper and slot: 0 not seen, else the label of its group, which is a slot + 1.
  const labels = new Uint8Array(size * SLOT_COUNT);
  const lastMasks = new Uint16Array(size);
  const shared = new Map<string, SharedTruth & { readonly shoppers: Set<number> }>();
  const movedNumbers = new Set<number>();
  const carts: CartTruth[] = [];
  const counts = {
    events: 0,
    bySource: counter(SOURCES),
    byType: Object.create(null) as Counter<string>,
    byKind: counter<SimulatedKind>([
      'ordinary',
      'disordered',
      'late',
      'unresolved',
      'duplicate',
      'poison',
      'two_values',
    ]),
    byPoison: counter(POISON_KINDS),
  };
  let shoppersSeen = 0;
  let visitsGivenUp = 0;

  const join = (shopper: number, mask: number): void => {
    const last = lastMasks[shopper] as number;
    if (last === mask) return;
    if (last === 0) shoppersSeen++;
    lastMasks[shopper] = mask;
    joinLabels(labels, shopper * SLOT_COUNT, mask);
  };

  const share = (use: Shared, who: Who, shopper: number): void => {
    const place = use.kind === 'kiosk' ? use.kiosk : use.cluster;
    const key = `${use.kind}/${place}`;
    let known = shared.get(key);
    if (known === undefined) {
      const identifier = sharedIdentifier(world, use);
      known = { kind: use.kind, identifier, shoppers: new Set() };
      shared.set(key, known);
    }
    if (who.mask !== 0) known.shoppers.add(shopper);
  };

  const truth: Truth = {
    counts,
    shoppers: size,
    carts,
    get shoppersSeen() {
      return shoppersSeen;
    },
    get visitsGivenUp() {
      return visitsGivenUp;
    },
    get shared() {
      return shared.values();
    },
    groupsOf(number) {
      const shopper = shopperOf(world, number);
      const groups = new Map<number, Sent[]>();
      for (let slot = 0; slot < SLOT_COUNT; slot++) {
        const label = labels[number * SLOT_COUNT + slot] as number;
        const hasLost = slot === PHONE && movedNumbers.has(number + 1);
        if (label === 0 || (hasLost && shopper.kind === 'former_owner')) continue;
        const group = groups.get(label) ?? [];
        group.push(valueOf(world, shopper, SLOTS[slot] ?? 'member'));
        groups.set(label, group);
      }
      return [...groups.values()];
    },
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
      if (who.shared !== undefined) share(who.shared, who, shopper);
      if (who.rebinds === true) movedNumbers.add(shopper);
      if (who.mask !== 0) join(shopper, who.mask);
    },
  };
}

const counter = <Name extends string>(names: readonly Name[]): Counter<Name> =>
  Object.fromEntries(names.map((name) => [name, 0])) as Counter<Name>;

/** All slots of the mask get one label: the least that any of them has, or could have. */
function joinLabels(labels: Uint8Array, row: number, mask: number): void {
  let least = SLOT_COUNT + 1;
  for (let slot = 0; slot < SLOT_COUNT; slot++) {
    if ((mask & (1 << slot)) === 0) continue;
    least = Math.min(least, (labels[row + slot] as number) || slot + 1);
  }
  for (let slot = 0; slot < SLOT_COUNT; slot++) {
    if ((mask & (1 << slot)) === 0) continue;
    const label = labels[row + slot] as number;
    labels[row + slot] = least;
    if (label === 0 || label === least) continue;
    for (let other = 0; other < SLOT_COUNT; other++) {
      if (labels[row + other] === label) labels[row + other] = least;
    }
  }
}

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
