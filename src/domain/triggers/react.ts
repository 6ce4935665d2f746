/**
 * What an event, a tag that came or went, and a merge mean to a profile's triggers. Pure: changes
 * `state` in place and answers actions, those of one event in order of priority, then name. A rule
 * that throws has decided nothing; the others go on.
 *
 * | | an event older than `max_event_age` | `triggersAllowed: false` | suspected bot, anonymous |
 * |---|---|---|---|
 * | event now, tag | suppressed `event_too_old` | nothing | suppressed, once an hour |
 * | arms a wait, advances a pattern | no | no | no |
 * | ends a wait | yes | yes | yes |
 *
 * On the history clock no event is too old.
 */
import type { Action, StitchedEvent, SuppressionReason } from '../message.ts';
import type { EventContext, TagTransitions, TriggerContext } from './context.ts';
import { decide, isQuiet, profileReason } from './decide.ts';
import { eventFacts, meetsWhere, scopeOfSeen, seen, type SeenEvent } from './event-facts.ts';
import { tagKey, type CompiledTrigger, type TriggerPlan } from './plan.ts';
import { advance, complete } from './progress.ts';
import type { TriggerState } from './state.ts';
import { arm, settleWaits, endWaits, horizonOf } from './waits.ts';

/** May an event of the type, or what it did to the tags, mean anything to a trigger? */
export function isConcerned(
  plan: TriggerPlan,
  type: string,
  { entered, left }: TagTransitions,
): boolean {
  if (plan.byEvent.has(type)) return true;
  for (const tag of entered) if (plan.tags.has(tag)) return true;
  for (const tag of left) if (plan.tags.has(tag)) return true;
  return false;
}

/** One event that concerns them, after it changed windows and tags. */
export function react(
  plan: TriggerPlan,
  state: TriggerState,
  event: StitchedEvent,
  context: EventContext,
): readonly Action[] {
  const listeners = plan.byEvent.get(event.type);
  const { entered, left } = context.transitions;
  if (listeners !== undefined && listeners.endings.length > 0) {
    endWaits(listeners.endings, state, event, horizonOf(plan, context));
  }
  if (!context.triggersAllowed) return NOTHING;
  const met = seen(event);
  const actions: Action[] = [];
  for (const trigger of listeners?.triggers ?? NONE) tryOne(trigger, state, met, context, actions);
  if (entered.length > 0 || left.length > 0) {
    for (const { trigger } of movedTriggers(plan, context.transitions)) {
      tryOne(trigger, state, met, context, actions);
    }
  }
  return actions;
}

/** Tags that came or went without an event: with time, or by a merge. `at`: when they did. */
export function reactToTags(
  plan: TriggerPlan,
  state: TriggerState,
  transitions: TagTransitions & { readonly at: number },
  context: TriggerContext,
): readonly Action[] {
  const actions: Action[] = [];
  for (const { trigger, tag, becomes } of movedTriggers(plan, transitions)) {
    if (context.quarantined.has(trigger.name)) continue;
    const anchor = `${context.leastIdentifier()} ${tag} ${becomes}@${transitions.at}`;
    const cause = { ...WITHOUT_EVENT, anchor };
    guarded(trigger, context, actions, () =>
      meetsCondition(trigger, context) ? decide(trigger, state, cause, context) : undefined,
    );
  }
  return actions;
}

/**
 * To be called after `mergeTriggerStates`, on the merged profile: ends the waits that the union ends,
 * and decides the patterns that it completes, if their last event is not too old by now.
 */
export function settleMerged(
  plan: TriggerPlan,
  state: TriggerState,
  context: TriggerContext,
): readonly Action[] {
  settleWaits(plan, state);
  const actions: Action[] = [];
  for (const progress of state.progress) {
    const trigger = plan.byHash.get(progress.trigger);
    const pattern = trigger?.pattern;
    if (trigger === undefined || context.quarantined.has(trigger.name)) continue;
    if (pattern?.kind !== 'sequence' && pattern?.kind !== 'count') continue;
    const correlation = pattern.correlation.path === '' ? null : progress.key;
    for (let last = complete(pattern, progress); last; last = complete(pattern, progress)) {
      if (!context.history && context.clock - last.at > trigger.maxEventAgeMs) continue;
      const anchor = `${context.leastIdentifier()} ${progress.key}@${last.at}`;
      const cause = { ...WITHOUT_EVENT, anchor, correlation };
      guarded(trigger, context, actions, () =>
        meetsCondition(trigger, context) ? decide(trigger, state, cause, context) : undefined,
      );
    }
  }
  return actions;
}

const NOTHING: readonly Action[] = [];
const NONE: readonly CompiledTrigger[] = [];

const WITHOUT_EVENT = {
  event: '',
  correlation: null,
  dueAt: null,
  receivedAt: null,
  facts: null,
  reason: null,
} as const;

/** As `guarded`, of an event: written out, as most events set nothing off. */
function tryOne(
  trigger: CompiledTrigger,
  state: TriggerState,
  met: SeenEvent<StitchedEvent>,
  context: EventContext,
  actions: Action[],
): void {
  if (context.quarantined.has(trigger.name)) return;
  try {
    const action = reactOne(trigger, state, met, context);
    if (action !== undefined) actions.push(action);
  } catch (error) {
    context.onRuleError(trigger.name, error);
  }
}

function guarded(
  trigger: CompiledTrigger,
  context: TriggerContext,
  actions: Action[],
  run: () => Action | undefined,
): void {
  try {
    const action = run();
    if (action !== undefined) actions.push(action);
  } catch (error) {
    context.onRuleError(trigger.name, error);
  }
}

interface Moved {
  readonly trigger: CompiledTrigger;
  readonly tag: string;
  readonly becomes: 'entered' | 'left';
}

function movedTriggers(plan: TriggerPlan, { entered, left }: TagTransitions): readonly Moved[] {
  const moved: Moved[] = [];
  for (const tag of entered) addMoved(plan, tag, 'entered', moved);
  for (const tag of left) addMoved(plan, tag, 'left', moved);
  return moved;
}

function addMoved(plan: TriggerPlan, tag: string, becomes: Moved['becomes'], to: Moved[]): void {
  if (!plan.tags.has(tag)) return;
  for (const trigger of plan.byTag.get(tagKey(tag, becomes)) ?? NONE) {
    to.push({ trigger, tag, becomes });
  }
}

function reactOne(
  trigger: CompiledTrigger,
  state: TriggerState,
  met: SeenEvent<StitchedEvent>,
  context: EventContext,
): Action | undefined {
  const { pattern } = trigger;
  const isTooOld = !context.history && context.clock - met.event.at > trigger.maxEventAgeMs;
  switch (pattern.kind) {
    case 'event':
      if (isStopped(trigger, state, context) || !meetsWhere(trigger, met)) return undefined;
      return decideByEvent(trigger, state, { met, isTooOld }, context);
    case 'tag':
      if (isStopped(trigger, state, context)) return undefined;
      return decideByEvent(trigger, state, { met, isTooOld }, context);
    case 'absence':
    case 'sequence':
    case 'count':
      if (isTooOld) context.onNote('event_too_old', trigger.name);
      if (isTooOld || profileReason(trigger, context) !== null) return undefined;
  }
  if (pattern.kind === 'absence') {
    arm({ trigger, pattern }, state, met, context);
    return undefined;
  }
  const key = advance({ trigger, pattern }, state, met, context);
  if (key === undefined) return undefined;
  const correlation = pattern.correlation.path === '' ? null : key;
  return decideByEvent(trigger, state, { met, isTooOld, correlation }, context);
}

/** Spares the conditions where the answer would be a reason that was recorded just now. */
function isStopped(
  trigger: CompiledTrigger,
  state: TriggerState,
  context: TriggerContext,
): boolean {
  const reason = profileReason(trigger, context);
  return reason !== null && isQuiet(trigger, state, reason, context);
}

interface EventCause {
  readonly met: SeenEvent<StitchedEvent>;
  readonly isTooOld: boolean;
  readonly correlation?: string | null;
}

function decideByEvent(
  trigger: CompiledTrigger,
  state: TriggerState,
  { met, isTooOld, correlation = null }: EventCause,
  context: TriggerContext,
): Action | undefined {
  if (!meetsCondition(trigger, context, met)) return undefined;
  const reason: SuppressionReason | null = isTooOld ? 'event_too_old' : null;
  const { id, receivedAt } = met.event;
  const facts = eventFacts(met.event, trigger.contextProperties);
  const cause = { event: id, anchor: id, correlation, dueAt: null, receivedAt, facts, reason };
  return decide(trigger, state, cause, context);
}

function meetsCondition(
  { condition }: CompiledTrigger,
  context: TriggerContext,
  met?: SeenEvent,
): boolean {
  if (condition === null) return true;
  const event = met && condition.names.has('event') ? scopeOfSeen(met) : undefined;
  return condition.evaluate(context.scope(condition.names, event)) === true;
}
