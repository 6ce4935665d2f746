/** What the triggers ask of the profile stage: the profile as it is now, ids, and the clock. */
import type { ConsentState } from '../channels.ts';
import type { Json } from '../event.ts';
import type { Scope } from '../expression.ts';
import type { Pid } from '../identity/identifier.ts';
import type { Action } from '../message.ts';

/** What happened without leaving an action behind: to be counted. */
export type TriggerNote =
  /** An event was older than `max_event_age`: it began no wait and took no part. */
  | 'event_too_old'
  /** A profile had more waits than it may have: the oldest was given up. */
  | 'wait_given_up'
  /** A wait was due whose trigger is gone, or is none that waits any more. */
  | 'trigger_gone';

export interface TriggerContext {
  readonly tenant: string;
  readonly profile: Pid;
  /** Partition clock; for a firing, the moment it fires at. */
  readonly clock: number;
  /** On the history clock nothing is too old and nothing too late. */
  readonly history: boolean;
  readonly anonymous: boolean;
  /** The profile is a suspected bot. */
  readonly bot: boolean;
  /** Names of triggers that are not to be evaluated. */
  readonly quarantined: ReadonlySet<string>;
  consent(channel: string): ConsentState;
  /** What an `if` reads, by its names: tags, `profile`, `event` where there is one. Money in fen. */
  scope(names: ReadonlySet<string>, event: object | undefined): Scope;
  /** A tag's value as the edge shows it (money in units). */
  tag(name: string): Json | undefined;
  recipients(): Action['recipients'];
  /** The profile's bytewise least identifier. */
  leastIdentifier(): string;
  /** hash(tenant, trigger, anchor) */
  actionId(trigger: string, anchor: string): string;
  /** A rule threw: it did nothing; the others go on. */
  onRuleError(trigger: string, error: unknown): void;
  onNote(note: TriggerNote, trigger: string): void;
}

/** Tags that came and went, and when. */
export interface TagTransitions {
  readonly entered: readonly string[];
  readonly left: readonly string[];
}

export interface EventContext extends TriggerContext {
  /** Tags the event moved. */
  readonly transitions: TagTransitions;
  /** May this event set anything off? If not, it still ends waits. */
  readonly triggersAllowed: boolean;
}
