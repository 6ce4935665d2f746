/**
 * stitched event → changes, actions: the one writer of every profile. Windows, tags, waits and
 * triggers move here, time passes here, merged profiles hand over their state here. What an event
 * does is in `src/domain/profile/apply.ts`; when it is committed, in `src/runtime/keyed-stage.ts`.
 */
import { messageOf } from '../src/errors.ts';
import type { Catalogue } from '../src/domain/catalogue/catalogue.ts';
import type {
  Action,
  CatalogueMessage,
  Change,
  IdentityRecord,
  Message,
  StitchedEvent,
  Transfer,
} from '../src/domain/message.ts';
import { partitionOf, pidOfStateKey, stateKeyOf } from '../src/domain/partitioning.ts';
import {
  absorb,
  applyEvent,
  giveUp,
  handOver,
  passTime,
  profileDueAt,
  type Outcome,
} from '../src/domain/profile/apply.ts';
import {
  newProfile,
  type Forward,
  type ProfileState,
} from '../src/domain/profile/profile-state.ts';
import type { Circumstance } from '../src/domain/profile/shopper.ts';
import type { TriggerNote } from '../src/domain/triggers/context.ts';
import type { Outcomes } from '../src/ports/outcomes.ts';
import type { RecordCodec } from '../src/runtime/codec.ts';
import type { ClockStep, Emitter, Failed, KeyedLogic, Moment } from '../src/runtime/keyed-logic.ts';
import { createRawClocks } from './markers.ts';

/** Profiles absorbed one after another; more hops than this is a circle. */
const HOPS_MAX = 16;

/** Timers fire this long after they are due, so that what happened just before may arrive first. */
export const SLACK_MS = 300;

export interface ProfileOptions {
  readonly codec: RecordCodec<ProfileState>;
  readonly partitions: number;
  /** Compiles the text of a catalogue message; the same text gives the same catalogue. */
  readonly catalogueOf: (text: string) => Catalogue;
  readonly hashId: (...parts: readonly string[]) => string;
  readonly outcomes: Outcomes;
  readonly notes: ProfileNotes;
}

/** What was committed, to be counted. */
export interface ProfileNotes {
  readonly duplicate: (source: string) => void;
  readonly changed: (change: Change) => void;
  readonly decided: (action: Action) => void;
  readonly triggerNote: (note: TriggerNote, trigger: string) => void;
  readonly ruleFailed: (trigger: string) => void;
  readonly deadLetter: (topic: string, code: string) => void;
}

export function createProfileLogic(options: ProfileOptions): KeyedLogic<ProfileState> {
  const { codec, notes, outcomes } = options;
  const catalogues = new Map<number, Catalogue>();
  const clocks = createRawClocks();

  /** Made once a turn. */
  const listenersOf = (emit: Emitter | null) => ({
    emit,
    onRuleError: (trigger: string): void => emit?.afterCommit(() => notes.ruleFailed(trigger)),
    onNote: (note: TriggerNote, trigger: string): void =>
      emit?.afterCommit(() => notes.triggerNote(note, trigger)),
  });
  let listeners = listenersOf(null);

  /** `knownTo`: the latest moment a state was brought up to. A profile's time never goes back. */
  const circumstance = (key: string, moment: Moment, emit: Emitter, knownTo = 0): Circumstance => {
    const catalogue = catalogues.get(moment.partition);
    if (!catalogue) throw new TypeError('a partition began without its catalogue');
    if (listeners.emit !== emit) listeners = listenersOf(emit);
    return {
      tenant: key.slice(0, key.lastIndexOf('/')),
      profile: pidOfStateKey(key),
      now: Math.max(moment.now, knownTo),
      history: moment.history,
      catalogue,
      hashId: options.hashId,
      quarantined: NONE,
      onRuleError: listeners.onRuleError,
      onNote: listeners.onNote,
    };
  };

  const tellOf = (emit: Emitter, outcome: Outcome): void => {
    const { changes, actions } = outcome;
    for (const action of actions) {
      emit.publish('actions', partitionOf(action.profile, options.partitions), action);
      emit.afterCommit(() => notes.decided(action));
    }
    for (const change of changes) {
      emit.publish('changes', partitionOf(change.profile, options.partitions), change);
      emit.afterCommit(() => notes.changed(change));
    }
  };

  const onEvent = (
    state: ProfileState | undefined,
    event: StitchedEvent,
    given: Circumstance,
    emit: Emitter,
  ): ProfileState => {
    const { wait } = event;
    const profile = state ?? newProfile(event.anonymous);
    const outcome = applyEvent(profile, event, given);
    if (outcome) tellOf(emit, outcome);
    else emit.afterCommit(() => notes.duplicate(event.source));
    if (wait) emit.afterCommit(() => outcomes.tell(wait, outcome ? 'applied' : 'duplicate'));
    return profile;
  };

  const onMerged = (
    state: ProfileState | undefined,
    record: Extract<IdentityRecord, { change: 'merged' }>,
    given: Circumstance,
    emit: Emitter,
  ): ProfileState => {
    const handed = handOver(state ?? newProfile(false), record, given);
    const { tenant, survivor, mergeId, history, wait } = record;
    const bytes = codec.encode(handed.given);
    const origin = record.absorbed;
    const transfer: Transfer = {
      kind: 'transfer',
      tenant,
      mergeId,
      survivor,
      origin,
      state: bytes,
      hops: 0,
      history,
      wait,
    };
    emit.publish('events', partitionOf(survivor, options.partitions), transfer);
    tellOf(emit, { changes: handed.changes, actions: [] });
    return handed.left;
  };

  const onTransfer = (
    state: ProfileState | undefined,
    transfer: Transfer,
    given: Circumstance,
    emit: Emitter,
  ): ProfileState => {
    const { mergeId, wait } = transfer;
    const profile = state ?? newProfile(false);
    const from = codec.decode(transfer.state);
    const now = Math.max(given.now, from.clock);
    const outcome = absorb(profile, { mergeId, from }, { ...given, now });
    if (outcome) tellOf(emit, outcome);
    if (wait) emit.afterCommit(() => outcomes.tell(wait, 'applied'));
    return profile;
  };

  /** Whatever reaches an absorbed profile goes on to where its mark points. */
  const sendOn = ({ to, mergeId }: Forward, message: Message, emit: Emitter): void => {
    const partition = partitionOf(to, options.partitions);
    if (message.kind === 'event' && message.hops < HOPS_MAX) {
      const forwardedFrom = message.forwardedFrom ?? message.profile;
      emit.publish('events', partition, {
        ...message,
        profile: to,
        forwardedFrom,
        hops: message.hops + 1,
      });
    } else if (message.kind === 'transfer' && message.hops < HOPS_MAX) {
      emit.publish('events', partition, { ...message, survivor: to, hops: message.hops + 1 });
    } else if (message.kind === 'identity' && message.change === 'attached') {
      emit.publish('events', partition, { ...message, movedFrom: to });
    } else if (message.kind === 'identity' && message.change === 'merged') {
      if (message.mergeId !== mergeId) throw new TypeError('a profile was absorbed twice');
    } else {
      throw new TypeError(`more than ${HOPS_MAX} hops: marks of absorbed profiles run in a circle`);
    }
  };

  return {
    slackMs: SLACK_MS,
    opened(partition, stored) {
      if (stored) catalogues.set(partition, options.catalogueOf(new TextDecoder().decode(stored)));
    },
    closed(partition) {
      catalogues.delete(partition);
      clocks.forget(partition);
    },
    keyOf,
    clockStep(message, partition) {
      if (message.kind === 'marker') {
        const to = message.history ? message.clock : clocks.hear(partition, message);
        return { to, inclusive: true, history: message.history };
      }
      return historyStep(message);
    },
    decode: (bytes) => codec.decode(bytes),
    encode: (state) => codec.encode(state),
    learnOf: (bytes) => codec.learnOf(bytes),
    apply({ key, state, message, moment }, emit) {
      if (state?.forward) {
        sendOn(state.forward, message, emit);
        return state;
      }
      const given = circumstance(key, moment, emit, state?.clock);
      if (message.kind === 'event') return onEvent(state, message, given, emit);
      if (message.kind === 'transfer') return onTransfer(state, message, given, emit);
      if (message.kind !== 'identity') return state;
      if (message.change === 'merged') return onMerged(state, message, given, emit);
      if (message.change === 'attached' && state) {
        const digests = message.identifiers.map((each) => each.digest);
        const changes = giveUp(state, digests, { ...given, eventId: message.eventId });
        tellOf(emit, { changes, actions: [] });
      }
      return state;
    },
    fire({ key, state, moment }, emit) {
      const given = circumstance(key, moment, emit, state.clock);
      tellOf(emit, passTime(state, moment.now - SLACK_MS, given));
      return state;
    },
    control(message, moment, emit) {
      if (message.kind === 'event' && message.wait) {
        const { wait } = message;
        emit.afterCommit(() => outcomes.tell(wait, 'unresolved'));
      }
      return message.kind === 'catalogue' ? takeCatalogue(message, moment.partition) : undefined;
    },
    dueAt: profileDueAt,
    dead: (failed, moment, emit) => bury(options, failed, { moment, emit }),
  };

  function takeCatalogue(message: CatalogueMessage, partition: number): Uint8Array {
    catalogues.set(partition, options.catalogueOf(message.text));
    return new TextEncoder().encode(message.text);
  }
}

const NONE: ReadonlySet<string> = new Set();

/**
 * On the history clock an event and a merge move the time to their own before they are applied, so that
 * what was due by then is done; a state on its way, and what is sent on, belong to that clock and have
 * no time of their own.
 */
function historyStep(message: Message): ClockStep | null {
  const step = { inclusive: false, history: true };
  if (message.kind === 'event' && message.history) {
    return { to: message.forwardedFrom === null ? message.logTime : 0, ...step };
  }
  if (message.kind === 'transfer' && message.history) return { to: 0, ...step };
  if (message.kind === 'identity' && message.change === 'merged' && message.history) {
    return { to: message.changedAt, ...step };
  }
  return null;
}

/** Whose state a message concerns; null: the partition's. */
function keyOf(message: Message): string | null {
  switch (message.kind) {
    case 'event':
      return message.profile === '' ? null : stateKeyOf(message.tenant, message.profile);
    case 'transfer':
      return stateKeyOf(message.tenant, message.survivor);
    case 'identity':
      if (message.change === 'merged') return stateKeyOf(message.tenant, message.absorbed);
      if (message.change !== 'attached' || message.movedFrom === null) return null;
      return stateKeyOf(message.tenant, message.movedFrom);
    default:
      return null;
  }
}

function bury(
  options: ProfileOptions,
  { message, body, error }: Failed,
  { moment, emit }: { readonly moment: Moment; readonly emit: Emitter },
): void {
  const code = message === null ? 'undecodable' : 'rule_failed';
  emit.publish('dead_letters', 0, {
    kind: 'dead_letter',
    tenant: message && 'tenant' in message ? message.tenant : 'default',
    origin: moment.origin,
    source: message?.kind === 'event' ? message.source : '',
    code,
    reason:
      error === undefined
        ? 'applying the message failed; the log of this process says why'
        : messageOf(error),
    at: moment.now,
    body: message === null ? body : new TextEncoder().encode(JSON.stringify(message)),
  });
  const wait = message?.kind === 'event' ? message.wait : null;
  emit.afterCommit(() => {
    options.notes.deadLetter('events', code);
    if (wait) options.outcomes.tell(wait, 'dead_letter');
  });
}
