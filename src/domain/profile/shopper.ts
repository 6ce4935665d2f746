/**
 * What the catalogue says about one profile at one moment: its tags as names in expressions, whom
 * triggers may reach, what consent there is. Built per message and lazily: most events ask nothing.
 */
import type { Catalogue } from '../catalogue/catalogue.ts';
import type { ConsentState } from '../channels.ts';
import type { Json } from '../event.ts';
import type { Scope } from '../expression.ts';
import type { Pid } from '../identity/identifier.ts';
import type { Action, TagChange } from '../message.ts';
import { tagScope } from '../tags/evaluate.ts';
import { presentTag } from '../tags/present.ts';
import { rawOf } from '../tags/values.ts';
import type { TagTransitions, TriggerContext, TriggerNote } from '../triggers/context.ts';
import { attributesAsObject, consentOf } from './facts.ts';
import { leastIdentifier } from './held-identifiers.ts';
import type { ProfileState } from './profile-state.ts';

/** Who and when, for one message. */
export interface Circumstance {
  readonly tenant: string;
  readonly profile: Pid;
  readonly now: number;
  readonly history: boolean;
  readonly catalogue: Catalogue;
  readonly hashId: (...parts: readonly string[]) => string;
  readonly quarantined: ReadonlySet<string>;
  readonly onRuleError: (trigger: string, error: unknown) => void;
  readonly onNote: (note: TriggerNote, trigger: string) => void;
}

const BOT_TAG = 'suspected_bot';

export function triggerContext(state: ProfileState, given: Circumstance): TriggerContext {
  const { catalogue, tenant, profile, now } = given;
  let scope: Scope | undefined;
  let event: object | undefined;
  const bot = catalogue.tags.byName.get(BOT_TAG);
  return {
    tenant,
    profile,
    clock: now,
    history: given.history,
    anonymous: state.anonymous,
    bot: bot !== undefined && rawOf(state.tags, bot.id) !== undefined,
    quarantined: given.quarantined,
    consent(channel): ConsentState {
      const consent = consentOf(state.consents, channel);
      return consent === undefined ? 'unknown' : consent ? 'granted' : 'withdrawn';
    },
    scope(about) {
      if (scope === undefined || event !== about) {
        event = about;
        scope = scopeOf(state, given, about);
      }
      return scope;
    },
    tag: (name): Json | undefined => presentTag(catalogue.tags, state.tags, { name, now }),
    recipients: (): Action['recipients'] =>
      state.identifiers.map(({ type, scope: within, value }) => ({ type, scope: within, value })),
    leastIdentifier: () => leastIdentifier(state.identifiers),
    actionId: (trigger, anchor) => given.hashId(tenant, trigger, anchor),
    onRuleError: given.onRuleError,
    onNote: given.onNote,
  };
}

/** A tag enters when it was absent, and leaves when it becomes absent. */
export const transitionsOf = (changes: readonly TagChange[]): TagTransitions => ({
  entered: changes.filter((each) => each.old === null && isPresent(each)).map((each) => each.name),
  left: changes.filter((each) => !isPresent(each)).map((each) => each.name),
});

const isPresent = (change: TagChange): boolean => change.new !== null || change.anchor !== null;

function scopeOf(state: ProfileState, given: Circumstance, event: object | undefined): Scope {
  const scope = Object.assign(
    Object.create(null) as Record<string, unknown>,
    tagScope(given.catalogue.tags, state.tags, given.now),
  );
  scope['profile'] = attributesAsObject(state.attributes);
  if (event !== undefined) scope['event'] = event;
  return scope;
}
