/**
 * A and no B within T: one wait per (trigger, key), armed by A, ended by B, decided when it is due.
 *
 * | rule | |
 * |---|---|
 * | due | `armed.at + within`, rounded up to 100 ms: event time, so disorder does not move it |
 * | ended by | B with the same key and `armed.at <= B.at <= due`, whether B comes after A or came before it (`recent`); B later than due never ends it |
 * | armed again, `restart` | the latest A by (at, id) counts, until the wait is over |
 * | armed again, `keep_first` | the earliest A by (at, id) counts |
 * | over | an A that comes out of order and lies inside a wait that is over arms nothing |
 * | key missing | an event without the field takes no part: it neither arms nor ends |
 */
import { compareBytewise } from '../bytewise.ts';
import type { JsonObject } from '../event.ts';
import { hash32, hash48 } from '../hash.ts';
import type { Action, StitchedEvent, SuppressionReason } from '../message.ts';
import type { TriggerContext } from './context.ts';
import { decide } from './decide.ts';
import { eventFacts, meetsWhere, type SeenEvent } from './event-facts.ts';
import type { AbsencePattern, CompiledTrigger, Ending, Of, TriggerPlan } from './plan.ts';
import {
  compareArming,
  comparePending,
  compareRecent,
  insert,
  newest,
  PENDING_MAX,
  RECENT_MAX,
  type PendingWait,
  type RecentKey,
  type TriggerState,
} from './state.ts';

/** Due times are multiples of this, so that timers of many profiles fall together. */
const DUE_STEP_MS = 100;
const SEPARATOR = '\u001f';

export const nextDueAt = ({ pending }: TriggerState): number | null =>
  pending.length === 0 ? null : pending.reduce((due, one) => Math.min(due, one.dueAt), Infinity);

/** Ends the waits this event ends, and remembers it for those armed later by an older event. */
export function endWaits(
  endings: readonly Ending[],
  state: TriggerState,
  event: StitchedEvent,
  horizon: RecentHorizon,
): void {
  for (const { correlation, triggers } of endings) {
    const key = correlation.keyOf(event);
    if (key === undefined) continue;
    const { at } = event;
    const recent = { key: endingKey(event.type, correlation.path, key), at, id: hash32(event.id) };
    rememberRecent(state, recent, horizon);
    if (state.pending.length === 0) continue;
    state.pending = state.pending.filter(
      (wait) =>
        wait.key !== key || !triggers.has(wait.trigger) || at < wait.armedAt || at > wait.dueAt,
    );
  }
}

/** Begins a wait, or begins it again; the caller has seen to it that the event is not too old. */
export function arm(
  { trigger, pattern }: Of<AbsencePattern>,
  state: TriggerState,
  met: SeenEvent,
  context: TriggerContext,
): void {
  const { event } = met;
  const key = pattern.correlation.keyOf(event);
  if (key === undefined) return;
  const armedAt = event.at;
  const dueAt = Math.ceil((armedAt + pattern.withinMs) / DUE_STEP_MS) * DUE_STEP_MS;
  const bare = { trigger: trigger.hash, key, armedBy: event.id, armedAt, dueAt, facts: '' };
  const before = state.pending.findIndex((one) => one.trigger === bare.trigger && one.key === key);
  const standing = state.pending[before];
  if (standing !== undefined) {
    const isLater = compareArming(bare, standing) > 0;
    if (isLater !== (pattern.onAgain === 'restart')) return;
  }
  if (isEnded(bare, pattern, state.recent)) return;
  if (!meetsWhere(trigger, met)) return;
  const facts = JSON.stringify(eventFacts(event, trigger.contextProperties));
  const wait = { trigger: trigger.hash, key, armedBy: event.id, armedAt, dueAt, facts };
  if (before >= 0) state.pending.splice(before, 1);
  insert(state.pending, wait, comparePending);
  if (state.pending.length <= PENDING_MAX) return;
  state.pending.shift();
  context.onNote('wait_given_up', trigger.name);
}

/** What is due at `until` or before, in order of (due, trigger, key). The runtime adds the slack. */
export function fire(
  plan: TriggerPlan,
  state: TriggerState,
  until: number,
  context: TriggerContext,
): readonly Action[] {
  const due = state.pending.filter((wait) => wait.dueAt <= until);
  if (due.length === 0) return [];
  state.pending = state.pending.filter((wait) => wait.dueAt > until);
  const actions: Action[] = [];
  for (const wait of due.toSorted(compareDue)) {
    const trigger = plan.byHash.get(wait.trigger);
    if (trigger?.pattern.kind !== 'absence') {
      context.onNote('trigger_gone', trigger?.name ?? '');
      continue;
    }
    rememberRecent(state, overOf(wait), horizonOf(plan, context));
    try {
      const action = fireOne(trigger, trigger.pattern, { wait, state, context });
      if (action !== undefined) actions.push(action);
    } catch (error) {
      context.onRuleError(trigger.name, error);
    }
  }
  return actions;
}

/**
 * In a merged state: ends the waits that the union ends, then leaves one for each key, that which
 * would stand had all events come to one profile.
 */
export function settleWaits(plan: TriggerPlan, state: TriggerState): void {
  const standing = new Map<string, PendingWait>();
  for (const wait of state.pending) {
    const pattern = plan.byHash.get(wait.trigger)?.pattern;
    const waits = pattern?.kind === 'absence';
    if (waits && isEnded(wait, pattern, state.recent)) continue;
    const slot = [wait.trigger, wait.key].join(SEPARATOR);
    // They come in the order of arming: of those that restart the last stands, else the first.
    if ((waits && pattern.onAgain === 'restart') || !standing.has(slot)) standing.set(slot, wait);
  }
  state.pending = newest([...standing.values()].toSorted(comparePending), PENDING_MAX);
}

/** Recent keys older than this are of no use; null: age does not count. */
export type RecentHorizon = number | null;

export const horizonOf = (
  { recentHorizonMs }: TriggerPlan,
  { history, clock }: TriggerContext,
): RecentHorizon => (history ? null : clock - recentHorizonMs);

const compareDue = (a: PendingWait, b: PendingWait): number =>
  a.dueAt - b.dueAt || a.trigger - b.trigger || compareBytewise(a.key, b.key);

function fireOne(
  trigger: CompiledTrigger,
  { correlation }: AbsencePattern,
  parts: {
    readonly wait: PendingWait;
    readonly state: TriggerState;
    readonly context: TriggerContext;
  },
): Action | undefined {
  const { wait, state, context } = parts;
  const facts = JSON.parse(wait.facts) as JsonObject;
  const isQuarantined = context.quarantined.has(trigger.name);
  if (!isQuarantined && trigger.condition !== null) {
    const { condition } = trigger;
    if (condition.evaluate(context.scope(condition.names, facts)) !== true) return undefined;
  }
  const isLate = !context.history && context.clock - wait.dueAt > trigger.maxLatenessMs;
  const reason: SuppressionReason | null = isQuarantined ? 'quarantined' : null;
  return decide(
    trigger,
    state,
    {
      event: wait.armedBy,
      anchor: `${wait.armedBy}@${wait.dueAt}`,
      correlation: correlation.path === '' ? null : wait.key,
      dueAt: wait.dueAt,
      receivedAt: null,
      facts,
      reason: isLate ? 'too_late' : reason,
    },
    context,
  );
}

/** Has an event been seen that ends this wait, or a wait that was over after it? */
function isEnded(
  wait: PendingWait,
  { unlessTypes, correlation }: AbsencePattern,
  recent: readonly RecentKey[],
): boolean {
  const last = recent.at(-1);
  if (last === undefined || last.at < wait.armedAt) return false;
  const after = recent.filter(({ at }) => at >= wait.armedAt);
  const over = overOf(wait).key;
  const endings = unlessTypes.map((type) => endingKey(type, correlation.path, wait.key));
  const own = hash32(wait.armedBy);
  return after.some(
    ({ key, at, id }) =>
      (key === over && id === 0) || (at <= wait.dueAt && id !== own && endings.includes(key)),
  );
}

const endingKey = (type: string, path: string, key: string): number =>
  hash48([type, path, key].join(SEPARATOR));

const overOf = ({ trigger, key, dueAt }: PendingWait): RecentKey => ({
  key: hash48(['', trigger, key].join(SEPARATOR)),
  at: dueAt,
  id: 0,
});

function rememberRecent(state: TriggerState, recent: RecentKey, horizon: RecentHorizon): void {
  insert(state.recent, recent, compareRecent);
  const isUseless = (one: RecentKey | undefined): boolean =>
    one !== undefined && horizon !== null && one.at < horizon;
  while (state.recent.length > RECENT_MAX || isUseless(state.recent[0])) state.recent.shift();
}
