/**
 * Who one shopper is: tastes, what identifiers they own, and the turns of their life (registers,
 * gets a new phone, binds an account). All of it follows from seed and number, so any shopper can
 * be asked for at any time and nobody is kept in memory.
 */
import { DAY_MS } from './calendar.ts';
import { SLOTS, identifierOf, type Sent, type Slot } from './identities.ts';
import type { ShopperKind } from './population.ts';
import { createDraws } from './random.ts';
import type { World } from './world.ts';

export interface Turns {
  /** From here on they have a card or an account; −∞: always had, +∞: never. */
  readonly registersAt: number;
  /** The card and the WeChat account become one. */
  readonly bindsWechatAt: number;
  /** The card and the marketplace account become one. */
  readonly bindsBuyerAt: number;
  /** `next_owner` proves possession here, uses it from the next day; `former_owner` stopped before. */
  readonly numberMovesAt: number;
  readonly formerStopsAt: number;
  readonly changesPhoneAt: number;
  readonly newDevicesAt: readonly [number, number];
}

export interface Shopper {
  readonly number: number;
  readonly kind: ShopperKind;
  readonly cluster: number;
  readonly homeStore: string;
  readonly otherStore: string;
  /** Indices of categories. */
  readonly favourites: readonly number[];
  /** How fond of coupons and discounts, 0 to 1. */
  readonly thrift: number;
  readonly usesApp: boolean;
  readonly usesWechat: boolean;
  readonly usesMarketplace: boolean;
  /** The mini-program tells the union id. */
  readonly showsUnionid: boolean;
  readonly hasFamilyPhone: boolean;
  readonly turns: Turns;
}

const NEVER = Number.POSITIVE_INFINITY;
const ALWAYS = Number.NEGATIVE_INFINITY;

export function shopperOf(world: World, number: number): Shopper {
  const { seed, population, stores, assortment } = world;
  const kind = population.kindOf(number);
  const cluster = population.clusterOf(number);
  const draw = createDraws(seed, 0x73686f70, number);
  const below = (count: number) => Math.floor(draw() * count);
  const isMember = hasCard(kind);
  const favourites = [below(assortment.categories.length)];
  while (favourites.length < 3 && draw() < 0.6)
    favourites.push(below(assortment.categories.length));
  return {
    number,
    kind,
    cluster,
    homeStore: stores[below(stores.length)] as string,
    otherStore: stores[below(stores.length)] as string,
    favourites,
    thrift: draw(),
    usesApp: kind === 'app' || kind === 'household' || (isMember && draw() < 0.7),
    usesWechat: kind === 'wechat' || (isMember && draw() < 0.45),
    usesMarketplace: kind === 'platform' || (isMember && draw() < 0.25),
    showsUnionid: draw() < 0.75,
    // One in three families lists everybody's card under one number.
    hasFamilyPhone: kind === 'household' && createDraws(seed, 0x66616d, cluster)() < 0.34,
    turns: turnsOf(world, number),
  };
}

export const hasCard = (kind: ShopperKind): boolean =>
  kind === 'member' || kind === 'household' || kind === 'former_owner' || kind === 'next_owner';

/** Only what changes in a life; cheap enough to be asked for everybody at once. */
export function turnsOf({ seed, start, lifeMs, population }: World, number: number): Turns {
  const kind = population.kindOf(number);
  const draw = createDraws(seed, 0x6c696665, number);
  const within = (from: number, to: number) =>
    start + Math.floor(lifeMs * (from + (to - from) * draw()));
  const isMember = hasCard(kind);
  const isOld = draw() < 0.65;
  const joinsAt = within(0.05, 0.9);
  // Some browse for ever, unless a live stretch asks them in.
  const isShy = kind === 'app' && draw() < 0.4;
  const registersAt = isShy ? NEVER : registrationOf(kind, isOld, joinsAt);
  const after = (probability: number, from: number) => {
    const at = within(from, 0.95);
    return isMember && draw() < probability && at > registersAt ? at : NEVER;
  };
  const bindsWechatAt = after(0.6, 0.05);
  const bindsBuyerAt = after(0.5, 0.1);
  const changesPhoneAt = kind === 'member' ? after(0.04, 0.3) : NEVER;
  const churns = draw() < 0.15;
  const first = churns ? within(0.1, 0.6) : NEVER;
  const second = churns && draw() < 0.3 ? within(0.65, 0.95) : NEVER;
  const isPair = kind === 'former_owner' || kind === 'next_owner';
  // The pair must agree on this: it is drawn from the number of the first of them.
  const pairDraw = isPair ? createDraws(seed, 0x70616972, population.clusterOf(number))() : 0;
  const moves = start + Math.floor(lifeMs * (0.5 + 0.3 * pairDraw));
  return {
    registersAt,
    bindsWechatAt,
    bindsBuyerAt,
    numberMovesAt: isPair ? moves : NEVER,
    formerStopsAt: isPair ? moves - Math.floor(lifeMs * 0.25) - 7 * DAY_MS : NEVER,
    changesPhoneAt,
    newDevicesAt: [first, second],
  };
}

function registrationOf(kind: ShopperKind, isOld: boolean, at: number): number {
  switch (kind) {
    case 'former_owner':
    case 'next_owner':
      return ALWAYS;
    case 'member':
    case 'household':
    case 'app':
      return isOld ? ALWAYS : at;
    case 'wechat':
    case 'platform':
    case 'guest':
    case 'bot':
      return NEVER;
  }
}

/** The slots that are in use at a moment, by what the shopper is and how far life has gone. */
export const deviceSlotOf = ({ newDevicesAt }: Turns, at: number): Slot => {
  if (at >= newDevicesAt[1]) return 'thirdDevice';
  return at >= newDevicesAt[0] ? 'secondDevice' : 'device';
};

/** undefined: none that is theirs alone. */
export function phoneSlotOf(shopper: Shopper, at: number): Slot | undefined {
  const { kind, turns } = shopper;
  if (shopper.hasFamilyPhone) return undefined;
  if (kind === 'former_owner' && at >= turns.formerStopsAt) return undefined;
  if (kind === 'next_owner' && at < turns.numberMovesAt + DAY_MS) return undefined;
  return at >= turns.changesPhoneAt ? 'newPhone' : 'phone';
}

/** `next_owner` got the number of the shopper before. */
export function valueOf(world: World, shopper: Shopper, slot: Slot): Sent {
  const inherits = shopper.kind === 'next_owner' && slot === 'phone';
  return identifierOf(world.seed, inherits ? shopper.number - 1 : shopper.number, slot);
}

export const slotBit = (slot: Slot): number => 1 << SLOTS.indexOf(slot);
