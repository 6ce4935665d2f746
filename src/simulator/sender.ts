/**
 * Turns the drafts of an accepted visit into events, and adds what the network makes of some: a second
 * copy, or something broken beside it. Ids are numbered in the order of planning.
 */
import type { Agenda } from './agenda.ts';
import { isoAt } from './calendar.ts';
import { bodyOf, type EventTruth, type SimulatedEvent } from './event.ts';
import { identifierOf } from './identities.ts';
import { repeatAfterMs } from './noise.ts';
import { poison } from './poison.ts';
import { createRandom, type Random } from './random.ts';
import type { Stretch } from './stretch.ts';
import type { Draft, Visit } from './visit.ts';

export interface Sender {
  /** The name of the next visit. */
  nextName(): string;
  send(visit: Visit, draft: Draft): void;
}

export function createSender(stretch: Stretch, agenda: Agenda, random: Random): Sender {
  const { world, noise, end, spacing } = stretch;
  const tag = tagOf(stretch);
  let events = 0;
  let visits = 0;
  let truth: EventTruth = { shopper: -1, cluster: -1, kind: 'ordinary' };
  const nextId = (): string => `${tag}-${++events}`;

  const repeat = (visit: Visit, draft: Draft, event: SimulatedEvent): void => {
    const { cluster } = visit.shopper;
    const arriveAt = event.arriveAt + repeatAfterMs(random);
    const copy: Draft = { ...draft, arriveAt };
    if (arriveAt >= end || spacing?.fits(cluster, [copy]) === false) return;
    spacing?.keep(cluster, [copy]);
    const truth: EventTruth = { ...event.truth, kind: 'duplicate' };
    agenda.add({ event: { ...event, arriveAt, truth }, who: undefined });
  };

  const addPoison = (event: SimulatedEvent, { who }: Draft): void => {
    const { source } = event;
    const id = nextId();
    const sound = { id, source, at: isoAt(event.at), identifiers: who.identifiers };
    const { kind, body } = poison(sound, random);
    const truth: EventTruth = { shopper: null, cluster: null, kind: 'poison', poison: kind };
    agenda.add({ event: { ...event, id, body, truth }, who: undefined });
  };

  const addTwoNames = (event: SimulatedEvent, draft: Draft): void => {
    const id = nextId();
    const first = random.below(world.population.size);
    const identifiers = [first, first + 1].map((one) => identifierOf(world.seed, one, 'member'));
    const body = bodyOf({ ...draft, who: { ...draft.who, identifiers } }, id);
    const truth: EventTruth = { shopper: null, cluster: null, kind: 'two_values' };
    agenda.add({ event: { ...event, id, body, truth }, who: undefined });
  };

  return {
    nextName: () => `${tag}${++visits}`,
    send(visit, draft) {
      const { number, cluster } = visit.shopper;
      const { at, arriveAt, source, type, kind, who } = draft;
      const id = nextId();
      // Most events of a visit have the same truth.
      if (truth.shopper !== number || truth.kind !== kind) {
        truth = { shopper: number, cluster, kind };
      }
      const event = { id, arriveAt, at, source, type, body: bodyOf(draft, id), truth };
      agenda.add({ event, who });
      if (kind !== 'ordinary') return;
      let chance = random.next();
      if ((chance -= noise.duplicates) < 0) repeat(visit, draft, event);
      else if ((chance -= noise.poison) < 0) addPoison(event, draft);
      else if ((chance -= noise.twoValues) < 0) addTwoNames(event, draft);
    },
  };
}

/** Stretches that differ never give one id to two events; two runs of one always do. */
function tagOf({ world, from, end, slotMs }: Stretch): string {
  const random = createRandom(world.seed, from, end, slotMs, world.population.size);
  return `${random.below(0x7fff_ffff).toString(36)}x`;
}
