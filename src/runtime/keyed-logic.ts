/**
 * What a stage with state by key has to say; everything about partitions, commits and timers is
 * `keyed-stage.ts`. All of it is synchronous and deterministic: the same state and message give the
 * same outputs, whatever the wall clock says.
 */
import type { Message, Origin } from '../domain/message.ts';

/** When and where something is applied. */
export interface Moment {
  /** The partition clock, or the message's own log time where that is later. */
  readonly now: number;
  /** The partition clock. */
  readonly clock: number;
  readonly partition: number;
  readonly origin: Origin;
  /** On the history clock a timer fires logically at its due time plus slack. */
  readonly history: boolean;
}

export interface Emitter {
  /** `place` is the partition, or a key to route by. */
  publish(topic: string, place: number | string, message: Message): void;
  /** Runs once the turn is committed and published; never when it was refused. */
  afterCommit(run: () => void): void;
}

/** `inclusive`: timers due exactly then fire too (a marker); otherwise only those before (a record). */
export interface ClockStep {
  readonly to: number;
  readonly inclusive: boolean;
  readonly history: boolean;
}

export interface KeyedLogic<S> {
  /** Timers fire this long after they are due. */
  readonly slackMs: number;
  /** The partition is ours; `notes` is what `control` answered last. */
  opened(partition: number, notes: Uint8Array | null): void;
  closed(partition: number): void;
  /** The key whose state a message concerns; null: the partition as a whole. */
  keyOf(message: Message): string | null;
  /** Where a message moves the partition clock before it is applied; null: nowhere. */
  clockStep(message: Message, partition: number): ClockStep | null;
  decode(bytes: Uint8Array): S;
  encode(state: S): Uint8Array;
  /** Writers' schemas that `decode` will need. */
  learnOf(bytes: Uint8Array): Promise<void>;
  /** Answers the state after; undefined: none. May change `state` in place. */
  apply(input: Applied<S>, emit: Emitter): S | undefined;
  fire(input: Fired<S>, emit: Emitter): S;
  /** A message for the partition as a whole; answers new notes, if any. */
  control(message: Message, moment: Moment, emit: Emitter): Uint8Array | undefined;
  /** When this state wants to be looked at again, without slack; null: never. */
  dueAt(state: S): number | null;
  /** A message or record that cannot be applied: give it its dead letter. */
  dead(failed: Failed, moment: Moment, emit: Emitter): void;
}

export interface Applied<S> {
  readonly key: string;
  readonly state: S | undefined;
  readonly message: Message;
  readonly moment: Moment;
}

export interface Fired<S> {
  readonly key: string;
  readonly state: S;
  readonly dueAt: number;
  readonly moment: Moment;
}

export interface Failed {
  /** null: the record could not even be decoded. */
  readonly message: Message | null;
  readonly body: Uint8Array;
  readonly error: unknown;
}
