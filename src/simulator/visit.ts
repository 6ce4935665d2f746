/**
 * One visit being written down: who acts, where, and what happens one step after another. A visit is
 * planned whole, as drafts, before any of it is sent: so it can be moved, refused, or noised, and the
 * fate of its cart is known.
 */
import { SOURCES } from '../domain/event.ts';
import type { EVENT_TYPES, JsonObject, Source } from '../domain/event.ts';
import type { Sent, Slot } from './identities.ts';
import type { ItemBody } from './products.ts';
import type { Random } from './random.ts';
import { slotBit, valueOf, type Shopper } from './shoppers.ts';
import type { World } from './world.ts';

export type EventType = (typeof EVENT_TYPES)[number];

/** An identifier that several shoppers use. */
export type Shared =
  | { readonly kind: 'tablet' | 'family_phone'; readonly cluster: number }
  | { readonly kind: 'kiosk'; readonly kiosk: number };

export interface Who {
  readonly identifiers: readonly Sent[];
  /**
   * Names the raw partition: events of one source with the same first identifier stay in order,
   * others may overtake each other. Less the source, which is added per draft.
   */
  readonly lane: number;
  /** Bits of the slots of the shopper's own in it. */
  readonly mask: number;
  readonly shared: Shared | undefined;
  /** Takes a phone number over from the shopper before. */
  readonly rebinds?: true;
}

export type OrderBody = {
  readonly id: string;
  readonly total: number;
  readonly discount: number;
  readonly currency: 'CNY';
  readonly coupons: readonly string[];
};

/** What an event says beside who, when and where. */
export interface Facts {
  readonly order?: OrderBody;
  readonly items?: readonly ItemBody[];
  readonly cart?: string;
  readonly checkout?: string;
  readonly campaign?: string;
  readonly properties?: JsonObject;
}

export type DraftKind = 'ordinary' | 'disordered' | 'late' | 'unresolved';

export interface Draft {
  at: number;
  arriveAt: number;
  kind: DraftKind;
  who: Who;
  readonly lane: number;
  readonly source: Source;
  readonly type: EventType;
  readonly channel: string;
  readonly store: string | undefined;
  readonly facts: Facts;
}

/** How fast life goes, in milliseconds. */
export interface Pace {
  /** Between two events of the same raw partition. */
  step(random: Random): number;
  /** Where the next event takes another way (logs in, another system reports). */
  change(random: Random): number;
  /** Between filling a cart and coming back to pay it. */
  comeBack(random: Random): number;
}

export interface Visit {
  readonly world: World;
  readonly shopper: Shopper;
  readonly random: Random;
  pace: Pace;
  /** Unique in a stream: carts and orders are named by it. */
  readonly name: string;
  at: number;
  who: Who;
  source: Source;
  channel: string;
  store: string | undefined;
  /** Someone without a card or an account may get one today, whatever their turns say. */
  readonly mayJoin: boolean;
  hasJoined: boolean;
  readonly drafts: Draft[];
  /** Days later; left out where the stream ends before. */
  readonly afterwards: Draft[];
}

const NO_FACTS: Facts = {};
const LANES_PER_SHOPPER = 128;

/** The next thing that happens. */
export function happen(visit: Visit, type: EventType, facts: Facts = NO_FACTS): void {
  const draft = draftOf(visit, type, facts);
  const last = visit.drafts.at(-1);
  if (last !== undefined) {
    const { pace, random } = visit;
    visit.at += last.lane === draft.lane ? pace.step(random) : pace.change(random);
    draft.at = visit.at;
  }
  visit.drafts.push(draft);
}

/** Something that happens when the visit is over, be it days later. */
export function happenLater(visit: Visit, at: number, type: EventType, facts: Facts): void {
  const draft = draftOf(visit, type, facts);
  draft.at = at;
  visit.afterwards.push(draft);
}

function draftOf({ who, source, at, channel, store }: Visit, type: EventType, facts: Facts): Draft {
  const lane = laneOf(who, source);
  return { at, arriveAt: at, kind: 'ordinary', who, lane, source, type, channel, store, facts };
}

const laneOf = (who: Who, source: Source): number => who.lane * 8 + SOURCES.indexOf(source);

/** Someone known by what is their own. Strongest first, as slots are. */
export function own(visit: Visit, ...slots: readonly (Slot | undefined)[]): Who {
  const { world, shopper } = visit;
  const identifiers: Sent[] = [];
  let mask = 0;
  for (const slot of slots) {
    if (slot === undefined) continue;
    identifiers.push(valueOf(world, shopper, slot));
    mask |= slotBit(slot);
  }
  return { identifiers, lane: laneNumber(shopper.number, mask), mask, shared: undefined };
}

/** The same with a shared identifier: it comes last. */
export function withShared(who: Who, shared: Shared, identifier: Sent): Who {
  const identifiers = [...who.identifiers, identifier];
  return { ...who, identifiers, shared };
}

/** Nobody's own: a tablet, a kiosk, a family's number by itself. */
export function onlyShared(shared: Shared, identifier: Sent): Who {
  const place = shared.kind === 'kiosk' ? -1 - shared.kiosk : shared.cluster;
  const slot = shared.kind === 'tablet' ? 60 : 61;
  const lane = place * LANES_PER_SHOPPER + slot;
  return { identifiers: [identifier], lane, mask: 0, shared };
}

/** Another form of the same first identifier may go another way. */
export const asOtherForm = (who: Who, identifiers: readonly Sent[]): Who => ({
  ...who,
  identifiers,
  lane: who.lane + 64,
});

/** Lane of the first identifier: the lowest bit, as slots are ordered by strength. */
function laneNumber(shopper: number, mask: number): number {
  const slot = 31 - Math.clz32(mask & -mask);
  return shopper * LANES_PER_SHOPPER + slot;
}
