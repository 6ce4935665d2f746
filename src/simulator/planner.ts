/**
 * Decides who does what in a slot of time: turns of life first, then visits until the slot has as many
 * events as it should. A visit is accepted whole or not at all, unless the stretch cuts visits off.
 */
import type { Agenda } from './agenda.ts';
import { HOUR_MS } from './calendar.ts';
import { cartOf } from './carts.ts';
import { act, begin } from './journeys.ts';
import { disturb } from './noise.ts';
import type { Random } from './random.ts';
import { createSender, type Sender } from './sender.ts';
import { shopperOf, turnsOf } from './shoppers.ts';
import type { Stretch } from './stretch.ts';
import { TURNS, momentOf, report, type Turn } from './turns.ts';
import type { Witness } from './truth.ts';
import type { Draft, Visit } from './visit.ts';

export interface Planner {
  /** Slots are planned in order. */
  plan(slot: number): void;
}

interface Plan {
  readonly stretch: Stretch;
  readonly random: Random;
  readonly witness: Witness;
  readonly sender: Sender;
  /** Who got a card or an account on a visit; by number. */
  readonly joined: Set<number>;
}

interface ComingTurn {
  readonly shopper: number;
  readonly turn: Turn;
}

/** Other beginnings tried for a visit that has no room at its own. */
const SHIFTS_MAX = 4;
/** Where events need room around them, one shopper cannot come again and again within the hour. */
const REGULARS_SHARE = 0.25;
/** Visits given up in a slot, for each event it should have, before it is left as it is. */
const REFUSALS_PER_EVENT = 2;
const REFUSALS_MIN = 50;
/** A turn that cannot be reported at its moment is so an hour later, and again. */
const TURN_TRIES = 20;
/** A robot's visit counts as an ordinary one, or it would silence a small shop for hours. */
const COUNTED_MAX = 12;

export function createPlanner(
  stretch: Stretch,
  tools: { readonly random: Random; readonly witness: Witness; readonly agenda: Agenda },
): Planner {
  const { random, witness, agenda } = tools;
  const sender = createSender(stretch, agenda, random);
  const plan: Plan = { stretch, random, witness, sender, joined: new Set() };
  const turns = turnsBySlot(stretch);
  let owed = 0;
  return {
    plan(slot) {
      const slotAt = stretch.from + slot * stretch.slotMs;
      for (const coming of turns.get(slot) ?? []) owed -= planTurn(plan, coming);
      turns.delete(slot);
      owed += stretch.eventsIn(slotAt);
      let refusalsLeft = REFUSALS_MIN + REFUSALS_PER_EVENT * Math.max(0, owed);
      while (owed > 0 && refusalsLeft > 0) {
        const planned = planVisit(plan, slotAt);
        owed -= planned;
        if (planned === 0) refusalsLeft--;
      }
      // What found no room is not made up for later.
      owed = Math.min(owed, 0);
    },
  };
}

/** Answers for how many events it counts; 0: there was no room. */
function planVisit(plan: Plan, slotAt: number): number {
  const { stretch, random, sender, witness } = plan;
  const { world, pace, slotMs, spacing } = stretch;
  const { population } = world;
  const isRegular = spacing === undefined || random.chance(REGULARS_SHARE);
  const number = isRegular ? population.pickRegular(random) : population.pickAnyone(random);
  const shopper = shopperOf(world, number);
  const at = slotAt + random.below(slotMs);
  const mayJoin = stretch.asksToJoin && !plan.joined.has(number);
  const visit = begin({ world, random, pace, name: sender.nextName(), shopper, at, mayJoin });
  act(visit);
  disturb(visit.drafts, stretch.noise, { random, earliest: stretch.earliest });
  if (isPossible(stretch, visit, visit.drafts)) return accept(plan, visit);
  const shiftsMax = spacing?.isSound(visit.drafts) === true ? SHIFTS_MAX : 0;
  for (let shift = 0; shift < shiftsMax; shift++) {
    moveTo(visit, slotAt + random.below(slotMs));
    if (isPossible(stretch, visit, visit.drafts)) return accept(plan, visit);
  }
  witness.giveUp();
  return 0;
}

function planTurn(plan: Plan, { shopper: number, turn }: ComingTurn): number {
  const { stretch, random, sender } = plan;
  const { world, pace } = stretch;
  if (turn === 'register' && plan.joined.has(number)) return 0;
  const shopper = shopperOf(world, number);
  const at = momentOf(shopper.turns, turn);
  const name = sender.nextName();
  const visit = begin({ world, random, pace, name, shopper, at, mayJoin: false });
  report(visit, turn);
  disturb(visit.drafts, stretch.noise, { random, earliest: stretch.earliest });
  for (let tries = 0; tries < TURN_TRIES; tries++) {
    if (isPossible(stretch, visit, visit.drafts)) return accept(plan, visit);
    moveBy(visit, HOUR_MS);
  }
  return 0;
}

function isPossible(stretch: Stretch, { shopper }: Visit, drafts: readonly Draft[]): boolean {
  const { spacing } = stretch;
  for (const draft of drafts) {
    if (stretch.isClosed(draft.at)) return false;
    if (stretch.leadMs === undefined && !isInside(stretch, draft)) return false;
  }
  if (spacing === undefined) return true;
  return spacing.fits(shopper.cluster, drafts) && spacing.isSound(drafts);
}

const isInside = ({ from, end }: Stretch, { arriveAt }: Draft): boolean =>
  arriveAt >= from && arriveAt < end;

/** Answers for how many events it counts. */
function accept({ stretch, random, sender, witness, joined }: Plan, visit: Visit): number {
  const { afterwards, shopper } = visit;
  const { spacing, noise, earliest, leadMs } = stretch;
  const isWhole = leadMs === undefined;
  const drafts = isWhole ? visit.drafts : visit.drafts.filter((one) => isInside(stretch, one));
  spacing?.keep(shopper.cluster, drafts);
  if (visit.hasJoined) joined.add(shopper.number);
  const cart = cartOf(shopper.number, drafts);
  if (cart !== undefined) witness.keepCart(cart);
  for (const draft of drafts) sender.send(visit, draft);
  disturb(afterwards, noise, { random, earliest });
  for (const draft of afterwards) {
    if (!isInside(stretch, draft) || !isPossible(stretch, visit, [draft])) continue;
    spacing?.keep(shopper.cluster, [draft]);
    sender.send(visit, draft);
  }
  return Math.min(visit.drafts.length, COUNTED_MAX);
}

function moveTo(visit: Visit, at: number): void {
  const [first] = visit.drafts;
  if (first !== undefined) moveBy(visit, at - first.at);
}

function moveBy(visit: Visit, byMs: number): void {
  for (const draft of visit.drafts) shift(draft, byMs);
  for (const draft of visit.afterwards) shift(draft, byMs);
}

function shift(draft: Draft, byMs: number): void {
  draft.at += byMs;
  draft.arriveAt += byMs;
}

/** Turns of life that fall into the stretch; each is reported once. */
function turnsBySlot({ world, from, end, slotMs }: Stretch): Map<number, ComingTurn[]> {
  const { population } = world;
  const bySlot = new Map<number, ComingTurn[]>();
  for (let shopper = 0; shopper < population.size; shopper++) {
    const turns = turnsOf(world, shopper);
    for (const turn of TURNS) {
      const at = momentOf(turns, turn);
      if (at < from || at >= end) continue;
      if (turn === 'take_over' && population.kindOf(shopper) !== 'next_owner') continue;
      const slot = Math.floor((at - from) / slotMs);
      const known = bySlot.get(slot);
      if (known === undefined) bySlot.set(slot, [{ shopper, turn }]);
      else known.push({ shopper, turn });
    }
  }
  return bySlot;
}
