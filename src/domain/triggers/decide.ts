/**
 * From "this trigger's pattern is met" to an action: the last conditions, in this order: too old or
 * too late, anonymous, bot, quarantined, consent, limit. Whatever stops it is recorded as a
 * suppressed action with the first reason that held. One action id is decided once.
 */
import { isAllowed } from '../channels.ts';
import type { Json, JsonObject } from '../event.ts';
import { hash32 } from '../hash.ts';
import type { Action, SuppressionReason } from '../message.ts';
import { toActionStep } from './action-step.ts';
import type { TriggerContext } from './context.ts';
import type { EventFacts } from './event-facts.ts';
import type { CompiledTrigger, PlannedChannel, PlannedStep } from './plan.ts';
import {
  compareDecided,
  compareRecords,
  condenseRecords,
  insert,
  newestOfEach,
  type TriggerState,
} from './state.ts';

export interface Cause {
  /** The event it is because of; '' if there is none. */
  readonly event: string;
  readonly anchor: string;
  readonly correlation: string | null;
  readonly dueAt: number | null;
  readonly receivedAt: number | null;
  /** Of the event; of a wait, as they were kept. */
  readonly facts: EventFacts | JsonObject | null;
  /** What the pattern itself found to be wrong. */
  readonly reason: SuppressionReason | null;
}

/** Reasons that lie in the profile: one record an hour says it all, a bot would write thousands. */
const QUIET_REASONS: ReadonlySet<SuppressionReason> = new Set(['anonymous', 'suspected_bot']);
const QUIET_MS = 3_600_000;

/** undefined: nothing to record. */
export function decide(
  trigger: CompiledTrigger,
  state: TriggerState,
  cause: Cause,
  context: TriggerContext,
): Action | undefined {
  const id = context.actionId(trigger.name, cause.anchor);
  if (state.records.some((record) => record.action === id)) return undefined;
  const allowed = allowedSteps(trigger, context);
  const reason = cause.reason ?? governingReason(trigger, state, allowed, context);
  if (reason !== null && isQuiet(trigger, state, reason, context)) return undefined;
  remember(trigger, state, { id, reason, clock: context.clock });
  const steps = reason === null ? allowed : trigger.steps;
  return {
    kind: 'action',
    tenant: context.tenant,
    id,
    trigger: trigger.name,
    profile: context.profile,
    event: cause.event,
    anchor: cause.anchor,
    correlation: cause.correlation,
    dueAt: cause.dueAt,
    decidedAt: context.clock,
    outcome: reason === null ? 'decided' : 'suppressed',
    reason,
    steps: steps === trigger.steps ? trigger.actionSteps : steps.map(toActionStep),
    recipients: reason === null ? context.recipients() : [],
    context: JSON.stringify(messageContext(trigger, cause, context)),
    history: context.history,
    receivedAt: cause.receivedAt,
  };
}

/** Why this profile gets nothing from this trigger, whatever happens; asked before anything else. */
export function profileReason(
  trigger: CompiledTrigger,
  context: TriggerContext,
): SuppressionReason | null {
  if (context.anonymous && !trigger.allowsAnonymous) return 'anonymous';
  return context.bot ? 'suspected_bot' : null;
}

/** Was this said of the trigger within the hour, and is once enough? */
export function isQuiet(
  { hash }: CompiledTrigger,
  { records }: TriggerState,
  reason: SuppressionReason,
  { clock }: TriggerContext,
): boolean {
  if (!QUIET_REASONS.has(reason)) return false;
  const isSame = (record: TriggerState['records'][number]): boolean =>
    record.trigger === hash && record.reason === reason && record.at > clock - QUIET_MS;
  return records.some(isSame);
}

function governingReason(
  trigger: CompiledTrigger,
  state: TriggerState,
  allowed: readonly PlannedStep[],
  context: TriggerContext,
): SuppressionReason | null {
  const reason = profileReason(trigger, context);
  if (reason !== null) return reason;
  if (context.quarantined.has(trigger.name)) return 'quarantined';
  const isSend = (step: PlannedStep): boolean => step.kind === 'send';
  if (trigger.steps.some(isSend) && !allowed.some(isSend)) return 'no_consent';
  return isOverLimit(trigger, state, context.clock) ? 'profile_limit' : null;
}

function isOverLimit({ hash, perProfile }: CompiledTrigger, state: TriggerState, now: number) {
  if (perProfile === null) return false;
  const since = now - perProfile.overMs;
  const isWithin = (one: TriggerState['decided'][number]): boolean =>
    one.trigger === hash && one.at > since;
  return state.decided.filter(isWithin).length >= perProfile.times;
}

/** Every sending step with the channels that may be used, without those that have none left. */
function allowedSteps(trigger: CompiledTrigger, context: TriggerContext): readonly PlannedStep[] {
  const mayUse = ({ name, consent }: PlannedChannel): boolean =>
    consent === 'none' || isAllowed(consent, context.consent(name));
  const isWhole = (step: PlannedStep): boolean =>
    step.kind === 'coupon' || step.channels.every(mayUse);
  if (trigger.steps.every(isWhole)) return trigger.steps;
  return trigger.steps.flatMap((step): PlannedStep[] => {
    if (step.kind === 'coupon') return [step];
    const channels = step.channels.filter(mayUse);
    return channels.length === 0 ? [] : [{ ...step, channels }];
  });
}

function messageContext(
  { contextTags }: CompiledTrigger,
  { facts }: Cause,
  context: TriggerContext,
): object {
  const tags: Record<string, Json | undefined> = {};
  for (const name of contextTags) tags[name] = context.tag(name);
  return { event: facts ?? undefined, tags };
}

function remember(
  { hash, perProfile }: CompiledTrigger,
  state: TriggerState,
  what: { readonly id: string; readonly reason: SuppressionReason | null; readonly clock: number },
): void {
  const { id, reason, clock } = what;
  insert(state.records, { trigger: hash, action: id, at: clock, reason }, compareRecords);
  state.records = condenseRecords(state.records);
  if (reason !== null || perProfile === null) return;
  insert(state.decided, { trigger: hash, at: clock, id: hash32(id) }, compareDecided);
  state.decided = newestOfEach(
    state.decided.filter(({ trigger, at }) => trigger !== hash || at > clock - perProfile.overMs),
  );
}
