/**
 * What the catalogue says about one profile at one moment: its tags as names in expressions, whom
 * triggers may reach, what consent there is. One for each message, and lazy: most events ask nothing.
 */
import type { Catalogue } from '../catalogue/catalogue.ts';
import type { ConsentState } from '../channels.ts';
import type { Json } from '../event.ts';
import type { Scope } from '../expression.ts';
import type { Pid } from '../identity/identifier.ts';
import type { Action, TagChange } from '../message.ts';
import { openTagValues, rawAt, tagInScope } from '../tags/evaluate.ts';
import { presentTag } from '../tags/present.ts';
import type { EventContext, TagTransitions, TriggerNote } from '../triggers/context.ts';
import { attributesAsObject, consentOf } from './facts.ts';
import { identifiersOf, leastIdentifier } from './held-identifiers.ts';
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

const NO_TRANSITIONS: TagTransitions = { entered: [], left: [] };

/** A class, not an object of closures: one is made for every event, and ten closures cost 2 µs. */
export class Shopper implements EventContext {
  readonly transitions: TagTransitions;
  readonly triggersAllowed: boolean;
  private readonly state: ProfileState;
  private readonly given: Circumstance;

  constructor(
    state: ProfileState,
    given: Circumstance,
    transitions = NO_TRANSITIONS,
    triggersAllowed = false,
  ) {
    this.state = state;
    this.given = given;
    this.transitions = transitions;
    this.triggersAllowed = triggersAllowed;
  }

  get tenant(): string {
    return this.given.tenant;
  }

  get profile(): Pid {
    return this.given.profile;
  }

  get clock(): number {
    return this.given.now;
  }

  get history(): boolean {
    return this.given.history;
  }

  get anonymous(): boolean {
    return this.state.anonymous;
  }

  get bot(): boolean {
    const { tags: plan } = this.given.catalogue;
    const tag = plan.byName.get(BOT_TAG);
    if (tag === undefined) return false;
    openTagValues(plan, this.state.tags);
    return rawAt(plan, tag.place) !== undefined;
  }

  get quarantined(): ReadonlySet<string> {
    return this.given.quarantined;
  }

  consent(channel: string): ConsentState {
    const consent = consentOf(this.state.consents, channel);
    return consent === undefined ? 'unknown' : consent ? 'granted' : 'withdrawn';
  }

  scope(names: ReadonlySet<string>, event: object | undefined): Scope {
    const { state, given } = this;
    const { now, catalogue } = given;
    const scope = Object.create(null) as Record<string, unknown>;
    for (const name of names) {
      if (name === 'profile') scope[name] = attributesAsObject(state.attributes);
      else if (name === 'event') scope[name] = event;
      else scope[name] = tagInScope(catalogue.tags, state.tags, { name, now });
    }
    return scope;
  }

  tag(name: string): Json | undefined {
    const { catalogue, now } = this.given;
    return presentTag(catalogue.tags, this.state.tags, { name, now });
  }

  recipients(): Action['recipients'] {
    return identifiersOf(this.state.identifiers).map(({ type, scope, value }) => ({
      type,
      scope,
      value,
    }));
  }

  leastIdentifier(): string {
    return leastIdentifier(this.state.identifiers);
  }

  actionId(trigger: string, anchor: string): string {
    return this.given.hashId(this.given.tenant, trigger, anchor);
  }

  onRuleError(trigger: string, error: unknown): void {
    this.given.onRuleError(trigger, error);
  }

  onNote(note: TriggerNote, trigger: string): void {
    this.given.onNote(note, trigger);
  }
}

/** A tag enters when it was absent, and leaves when it becomes absent. */
export function transitionsOf(changes: readonly TagChange[]): TagTransitions {
  let transitions: { readonly entered: string[]; readonly left: string[] } | undefined;
  for (const change of changes) {
    const isPresent = change.new !== null || change.anchor !== null;
    if (isPresent && change.old !== null) continue;
    transitions ??= { entered: [], left: [] };
    (isPresent ? transitions.entered : transitions.left).push(change.name);
  }
  return transitions ?? NO_TRANSITIONS;
}
