/**
 * What one event, the passing of time, and a merge do to a profile. Pure and deterministic: state and
 * message in, state changed in place, change and actions out. `now` is the log's time.
 */
import { emptyAggregates } from '../aggregates/state.ts';
import type { JsonObject } from '../event.ts';
import { parseProperties } from '../event-scope.ts';
import type {
  Action,
  Cause,
  Change,
  IdentifierChange,
  StitchedEvent,
  TagChange,
} from '../message.ts';
import { evaluate } from '../tags/evaluate.ts';
import { fold, mergeAggregates, prune } from '../tags/fold.ts';
import { nextChangeAt } from '../tags/next-change.ts';
import type { Touched } from '../tags/plan.ts';
import { touchedByTime } from '../tags/time-touched.ts';
import { emptyValues } from '../tags/values.ts';
import { closeTriggers, openTriggers, packedDueAt } from '../triggers/packed-triggers.ts';
import { isConcerned, react, reactToTags, settleMerged } from '../triggers/react.ts';
import type { TagTransitions } from '../triggers/context.ts';
import { mergeTriggerStates } from '../triggers/state.ts';
import { fire } from '../triggers/waits.ts';
import { mergeAttributes, mergeConsents, noteConsent, setAttributes } from './facts.ts';
import { closeHeld, hold, mergeHeld, release } from './held-identifiers.ts';
import { forwarded, type ProfileState } from './profile-state.ts';
import { mergeRecentIds, remember } from './recent-ids.ts';
import { Shopper, transitionsOf, type Circumstance } from './shopper.ts';

export interface Outcome {
  readonly changes: readonly Change[];
  readonly actions: readonly Action[];
}

/** Events whose properties are what the shopper is like. */
const ATTRIBUTE_EVENTS: ReadonlySet<string> = new Set([
  'profile_updated',
  'member_registered',
  'member_updated',
]);

/** When the profile wants to be looked at again, without slack; null: only when something comes. */
export function profileDueAt(state: ProfileState): number | null {
  const waitsTo = packedDueAt(state.triggers);
  if (waitsTo === null || state.decayAt === null) return waitsTo ?? state.decayAt;
  return Math.min(waitsTo, state.decayAt);
}

/** undefined: the event was here before, and nothing happened. */
export function applyEvent(
  state: ProfileState,
  event: StitchedEvent,
  given: Circumstance,
): Outcome | undefined {
  if (!remember(state.recent, event.id, given.now)) return undefined;
  const edited = takeCatalogue(state, given);
  const identifiers = hold(state.identifiers, event.identifiers, event.at, given.now);
  noteFacts(state, event);
  const touched = fold(given.catalogue.tags, state.aggregates, event, given.now);
  const tags = bringUp(state, given, touched);
  const actions = reactTo(state, event, given, transitionsOf(tags));
  const own = changeOf(given, { cause: 'event', id: event.id, tags, identifiers });
  return { changes: edited.length === 0 ? own : [...edited, ...own], actions };
}

function reactTo(
  state: ProfileState,
  event: StitchedEvent,
  given: Circumstance,
  transitions: TagTransitions,
): readonly Action[] {
  const plan = given.catalogue.triggers;
  if (!isConcerned(plan, event.type, transitions)) return NOTHING;
  const triggers = openTriggers(state.triggers);
  const shopper = new Shopper(state, given, transitions, event.triggers);
  const actions = react(plan, triggers, event, shopper);
  closeTriggers(triggers, state.triggers);
  return actions;
}

/** Time has passed: tags whose windows moved, then waits that are over. */
export function passTime(state: ProfileState, until: number, given: Circumstance): Outcome {
  const edited = takeCatalogue(state, given);
  // The logical moment, not when a marker happened to come: ids of actions derive from it.
  const at = state.decayAt !== null && state.decayAt <= until ? state.decayAt : null;
  const tags = at === null ? [] : bringUp(state, given, movedByTime(state, given));
  if (at !== null) {
    prune(given.catalogue.tags, { aggregates: state.aggregates, values: state.tags }, given.now);
  }
  const context = new Shopper(state, given);
  const moved = { ...transitionsOf(tags), at: at ?? given.now };
  const triggers = openTriggers(state.triggers);
  const actions = [
    ...reactToTags(given.catalogue.triggers, triggers, moved, context),
    ...fire(given.catalogue.triggers, triggers, until, context),
  ];
  closeTriggers(triggers, state.triggers);
  const own = changeOf(given, { cause: 'time', id: '', tags, identifiers: [] });
  return { changes: [...edited, ...own], actions };
}

/**
 * A new catalogue: what its tags say now is told, and sets nothing off, or an edit would send to
 * everybody.
 */
function takeCatalogue(state: ProfileState, given: Circumstance): readonly Change[] {
  const { id } = given.catalogue;
  if (state.catalogue === id) return NOTHING;
  const isNew = state.catalogue === 0;
  state.catalogue = id;
  if (isNew) return NOTHING;
  const tags = bringUp(state, given, 'all');
  return changeOf(given, { cause: 'catalogue', id: String(id), tags, identifiers: [] });
}

const NOTHING: readonly never[] = [];

export interface HandedOver {
  /** What stays behind: a mark that sends on. */
  readonly left: ProfileState;
  /** What goes to the survivor; the tags go without values. */
  readonly given: ProfileState;
  readonly changes: readonly Change[];
}

/** The profile was absorbed: it hands over all it has and takes back what was said of it. */
export function handOver(
  state: ProfileState,
  merge: { readonly survivor: string; readonly mergeId: string },
  given: Circumstance,
): HandedOver {
  const { tags: plan } = given.catalogue;
  const nothing = emptyValues();
  const tags = retracted(state, given);
  const identifiers = closeHeld(state.identifiers, given.now);
  state.tags = nothing;
  prune(plan, { aggregates: state.aggregates, values: state.tags }, given.now);
  return {
    left: forwarded({ to: merge.survivor, mergeId: merge.mergeId }, given.now),
    given: state,
    changes: changeOf(given, { cause: 'merge', id: merge.mergeId, tags, identifiers }),
  };
}

/** undefined: this merge is in here already. */
export function absorb(
  state: ProfileState,
  merge: { readonly mergeId: string; readonly from: ProfileState },
  given: Circumstance,
): Outcome | undefined {
  const { mergeId, from } = merge;
  if (state.merges.includes(mergeId)) return undefined;
  takeCatalogue(state, given);
  state.merges = [...new Set([...state.merges, mergeId, ...from.merges])].toSorted();
  mergeRecentIds(state.recent, from.recent);
  const identifiers = mergeHeld(state.identifiers, from.identifiers, given.now);
  mergeAttributes(state.attributes, from.attributes);
  mergeConsents(state.consents, from.consents);
  const { now } = given;
  mergeAggregates(given.catalogue.tags, state.aggregates, { from: from.aggregates, now });
  const triggers = openTriggers(state.triggers);
  Object.assign(triggers, mergeTriggerStates(triggers, openTriggers(from.triggers)));
  const tags = bringUp(state, given, 'all');
  const context = new Shopper(state, given);
  const moved = { ...transitionsOf(tags), at: now };
  const actions = [
    ...settleMerged(given.catalogue.triggers, triggers, context),
    ...reactToTags(given.catalogue.triggers, triggers, moved, context),
  ];
  closeTriggers(triggers, state.triggers);
  return { changes: changeOf(given, { cause: 'merge', id: mergeId, tags, identifiers }), actions };
}

/** Identifiers that a verified rebind moved to another profile. */
export function giveUp(
  state: ProfileState,
  digests: readonly string[],
  given: Circumstance & { readonly eventId: string },
): readonly Change[] {
  const identifiers = digests.flatMap((digest) => release(state.identifiers, digest, given.now));
  return changeOf(given, { cause: 'event', id: given.eventId, tags: [], identifiers });
}

function noteFacts(state: ProfileState, event: StitchedEvent): void {
  if (ATTRIBUTE_EVENTS.has(event.type)) {
    const said = { at: event.at, eventId: event.id };
    setAttributes(state.attributes, parseProperties(event.properties) as JsonObject, said);
  }
  if (event.type === 'consent_changed') {
    noteConsent(state.consents, parseProperties(event.properties) as JsonObject, event.at);
  }
}

/** What the passing of time moved, since the values were right. */
function movedByTime(state: ProfileState, { catalogue, now }: Circumstance): Touched {
  const { aggregates, tags: values } = state;
  return touchedByTime(catalogue.tags, { aggregates, values }, { since: state.clock, now });
}

/** Values nothing touched hold until `decayAt`; from then on all are looked at, or what time moved. */
function bringUp(
  state: ProfileState,
  { catalogue, now }: Circumstance,
  touched: Touched | 'all',
): TagChange[] {
  const before = state.decayAt;
  const isStale = before !== null && now >= before;
  const isByTime = touched !== 'all' && touched.isByTime === true;
  const look = isStale && !isByTime ? 'all' : touched;
  const changes = evaluate(catalogue.tags, state.aggregates, state.tags, { now, touched: look });
  const since = isStale || look === 'all' ? undefined : { touched: look, before };
  state.decayAt = nextChangeAt(catalogue.tags, state.aggregates, state.tags, now, since);
  state.clock = Math.max(state.clock, now);
  return changes;
}

/** Everything that was said of the profile, taken back. */
function retracted(state: ProfileState, { catalogue, now }: Circumstance): TagChange[] {
  const nothing = emptyAggregates();
  return evaluate(catalogue.tags, nothing, state.tags, { now, touched: 'all' });
}

function changeOf(
  { tenant, profile, now }: Circumstance,
  what: {
    readonly cause: Cause;
    readonly id: string;
    readonly tags: readonly TagChange[];
    readonly identifiers: readonly IdentifierChange[];
  },
): readonly Change[] {
  const { cause, id, tags, identifiers } = what;
  if (tags.length === 0 && identifiers.length === 0) return NOTHING;
  return [{ kind: 'change', tenant, profile, cause, causeId: id, at: now, tags, identifiers }];
}
