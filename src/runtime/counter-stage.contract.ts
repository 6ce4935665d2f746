/**
 * The smallest keyed stage that has everything: a state that counts what it was told, can be woken at
 * a time, hands over, and publishes what it does. What one event means stands in its type. Nothing
 * here knows whether it saw an event before: a wrong commit order shows as a wrong count.
 */
import type {
  Action,
  Change,
  DeadLetter,
  Marker,
  Message,
  StitchedEvent,
  Transfer,
} from '../domain/message.ts';
import { WeftError } from '../errors.ts';
import type { EventLog, LogRecord, TopicPartition } from '../ports/event-log.ts';
import type { ProfileStore } from '../ports/profile-store.ts';
import type { SchemaSource } from '../ports/schema-source.ts';
import { createAlarm, type Alarm } from './alarm.ts';
import { openCodec, type Codec } from './codec.ts';
import type { Applied, Emitter, KeyedLogic } from './keyed-logic.ts';
import { createKeyedStage } from './keyed-stage.ts';
import { encodeEnvelope, type TopicCodecs } from './outputs.ts';
import type { Stage, Turn } from './stage.ts';

/** Two partitions; a key is on the partition its last character says. */
export const PARTITIONS = 2;
export const COUNTER_TOPICS = [
  { name: 'events', partitions: PARTITIONS },
  { name: 'actions', partitions: PARTITIONS },
  { name: 'changes', partitions: PARTITIONS },
  { name: 'dead_letters', partitions: 1 },
];
const routeOf = (key: string): number => Number(key.at(-1)) % PARTITIONS;
export const placeOf = (partition: number): TopicPartition => ({ topic: 'events', partition });
export const SLACK_MS = 2;

/**
 * `counts` · `waits`: wake it at `at` · `hands_over`: publish its state to the other partition ·
 * `throws`: always · `throws_when_due`: wakes at `at`, and throws then.
 */
type Does = 'counts' | 'waits' | 'hands_over' | 'throws' | 'throws_when_due' | 'spoils';

interface Counter {
  count: number;
  dueAt: number | null;
  throws: boolean;
  /** As if another version had written it. */
  unreadable?: boolean;
}

export const event = (key: string, id: string, does: Does = 'counts', at = 0): StitchedEvent => ({
  kind: 'event',
  tenant: 'default',
  id,
  source: 'pos',
  type: does,
  at,
  receivedAt: 0,
  items: [],
  properties: '{}',
  flags: [],
  profile: key,
  anonymous: false,
  identifiers: [],
  origin: { topic: 'raw.pos', partition: 0, offset: 0, index: 0 },
  logTime: 0,
  history: false,
  triggers: true,
  wait: null,
  forwardedFrom: null,
  hops: 0,
});

export const marker = (clock: number): Marker => ({
  kind: 'marker',
  clock,
  partitions: [],
  history: false,
});

/** One log, one store; as many owners as a test wants, each with its own view of both. */
export async function openCounterWorld<Log extends EventLog>(
  log: Log,
  store: ProfileStore,
  schemas: { readonly source: SchemaSource; readonly textOf: (name: string) => string },
) {
  const codecs = new Map<string, Codec<Message>>();
  for (const { name } of COUNTER_TOPICS) {
    codecs.set(name, await openCodec<Message>(name, schemas.textOf(name), schemas.source));
  }
  const told: string[] = [];
  const alarm = createAlarm();
  const world = { log, store, codecs, told, alarm };
  return {
    ...world,
    owner: (seen: Partial<CounterStageOptions> = {}) => createCounterStage({ ...world, ...seen }),
    /** Key → how often it was counted, as the store has it. */
    async counts(partition: number): Promise<Record<string, number>> {
      const found: [string, number][] = [];
      for await (const [key, state] of store.scan(partition)) {
        found.push([key, decodeCounter(state).count]);
      }
      return Object.fromEntries(found);
    },
  };
}

const decodeCounter = (bytes: Uint8Array): Counter =>
  JSON.parse(new TextDecoder().decode(bytes)) as Counter;

/** The port with some of its calls replaced. */
export const withCalls = <Port extends object>(port: Port, calls: Partial<Port>): Port => ({
  ...port,
  ...calls,
});

interface CounterStageOptions {
  readonly log: EventLog;
  readonly store: ProfileStore;
  readonly codecs: TopicCodecs;
  readonly alarm: Alarm;
  /** What was told only after a commit, in order: `a0 e1`. */
  readonly told: string[];
  readonly cacheBytes?: number;
}

function createCounterStage(options: CounterStageOptions): Stage {
  const { log, store, codecs, alarm, told } = options;
  return createKeyedStage<Counter>({
    name: 'counter',
    topic: 'events',
    logic: createCounterLogic(told),
    store,
    log,
    codec: codecs.get('events') as Codec<Message>,
    codecs,
    route: routeOf,
    cacheBytes: options.cacheBytes ?? 1_000_000,
    alarm,
    onTurn: () => undefined,
  });
}

function createCounterLogic(told: string[]): KeyedLogic<Counter> {
  return {
    slackMs: SLACK_MS,
    opened: () => undefined,
    closed: () => undefined,
    keyOf(message) {
      if (message.kind === 'event') return message.profile;
      return message.kind === 'transfer' ? message.survivor : null;
    },
    clockStep: (message) =>
      message.kind === 'marker' ? { to: message.clock, inclusive: true, history: false } : null,
    decode: decodeCounter,
    encode: (state) => new TextEncoder().encode(JSON.stringify(state)),
    learnOf: () => Promise.resolve(),
    apply,
    fire({ key, state, dueAt, moment }, emit) {
      if (state.throws) throw new Error('the timer has a fault');
      if (state.unreadable) throw unreadable();
      emit.publish('actions', key, actionOf(key, `due ${dueAt} at ${moment.now}`));
      return { ...state, dueAt: null };
    },
    control: () => undefined,
    dueAt: (state) => state.dueAt,
    dead({ message, body, error }, moment, emit) {
      const reason = error instanceof Error ? error.message : 'no reason';
      emit.publish('dead_letters', 0, deadLetterOf(message, { body, reason, moment }));
    },
  };

  function apply({ key, state, message }: Applied<Counter>, emit: Emitter): Counter {
    if (state?.unreadable) throw unreadable();
    const next = state ?? { count: 0, dueAt: null, throws: false };
    next.count += 1;
    if (message.kind !== 'event') return next;
    if (message.type === 'throws') throw new Error('the event has a fault');
    if (message.type === 'waits' || message.type === 'throws_when_due') next.dueAt = message.at;
    next.throws = message.type === 'throws_when_due';
    if (message.type === 'spoils') {
      next.unreadable = true;
      next.dueAt = message.at;
    }
    // In an order that is not the one in which outputs must leave.
    emit.publish('changes', key, changeOf(key, message.id, next.count));
    emit.publish('actions', key, actionOf(key, message.id));
    if (message.type === 'hands_over') {
      const other = `${key.slice(0, -1)}${1 - routeOf(key)}`;
      emit.publish('events', other, transferOf(key, other, message.id));
    }
    emit.afterCommit(() => told.push(`${key} ${message.id}`));
    return next;
  }
}

const unreadable = (): WeftError => new WeftError('corrupt_data', 'version 1 is not known');

const changeOf = (profile: string, causeId: string, at: number): Change => ({
  kind: 'change',
  tenant: 'default',
  profile,
  cause: 'event',
  causeId,
  at,
  tags: [],
  identifiers: [],
});

const actionOf = (profile: string, id: string): Action => ({
  kind: 'action',
  tenant: 'default',
  id,
  trigger: 'told',
  profile,
  event: '',
  anchor: '',
  correlation: null,
  dueAt: null,
  decidedAt: 0,
  outcome: 'decided',
  reason: null,
  steps: [],
  recipients: [],
  context: '{}',
  history: false,
  receivedAt: null,
});

const transferOf = (origin: string, survivor: string, mergeId: string): Transfer => ({
  kind: 'transfer',
  tenant: 'default',
  mergeId,
  survivor,
  origin,
  state: new Uint8Array(),
  hops: 0,
  history: false,
  wait: null,
});

const deadLetterOf = (
  message: Message | null,
  what: {
    readonly body: Uint8Array;
    readonly reason: string;
    readonly moment: { readonly now: number; readonly origin: DeadLetter['origin'] };
  },
): DeadLetter => ({
  kind: 'dead_letter',
  tenant: 'default',
  origin: what.moment.origin,
  source: 'pos',
  code: message === null ? 'undecodable' : 'rule_failed',
  reason: what.reason,
  at: what.moment.now,
  body: what.body,
});

/** Puts each list of messages into one record of a partition of `events`. */
export const tell = async (
  { log, codecs }: Pick<CounterStageOptions, 'log' | 'codecs'>,
  partition: number,
  ...envelopes: readonly (readonly Message[])[]
): Promise<void> =>
  log.append(
    envelopes.map((messages) => ({
      ...placeOf(partition),
      ...encodeEnvelope(codecs, 'events', messages),
    })),
  );

const ALL = { recordsMax: 10_000, bytesMax: 100_000_000 };

/** What is there of these partitions from an offset on; `recordsMax` of it where it says so. */
export const turnOf = async (
  log: EventLog,
  ...from: readonly (readonly [partition: number, offset: number, recordsMax?: number])[]
): Promise<Turn> => {
  const inputs = [];
  for (const [partition, offset, recordsMax = ALL.recordsMax] of from) {
    const records = await log.read(placeOf(partition), offset, { ...ALL, recordsMax });
    inputs.push({ partition: placeOf(partition), records });
  }
  return { inputs, completeTo: Infinity };
};

/** What stands in a partition of a topic, record by record, in one word a message. */
export async function said(
  { log, codecs }: Pick<CounterStageOptions, 'log' | 'codecs'>,
  topic: string,
  partition: number,
): Promise<readonly string[]> {
  const codec = codecs.get(topic) as Codec<Message>;
  const records = await log.read({ topic, partition }, 0, ALL);
  return records.flatMap((record: LogRecord) =>
    codec.decode(record.schema, record.value).map(word),
  );
}

function word(message: Message): string {
  if (message.kind === 'action') return `${message.profile} ${message.id}`;
  if (message.kind === 'change') return `${message.profile} ${message.causeId} is ${message.at}`;
  if (message.kind === 'dead_letter') return `${message.code}: ${message.reason}`;
  if (message.kind === 'transfer') return `${message.origin} → ${message.survivor}`;
  if (message.kind === 'event') return `${message.profile} ${message.id}`;
  return message.kind;
}
