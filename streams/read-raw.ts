/**
 * What a turn of raw records holds: in log-time order over all partitions, normalised, identifiers
 * with their digests. What cannot be read is a dead letter with its place and reason, and the rest
 * goes on.
 */
import { messageOf } from '../src/errors.ts';
import type { Identifier, IdentityHash } from '../src/domain/identity/identifier.ts';
import { normaliseIdentifiers } from '../src/domain/identity/normalise.ts';
import type { Message, Origin, RawEvent } from '../src/domain/message.ts';
import type { LogRecord } from '../src/ports/event-log.ts';
import type { EventOutcome } from '../src/ports/outcomes.ts';
import type { Codec } from '../src/runtime/codec.ts';
import type { Outputs } from '../src/runtime/outputs.ts';
import type { Turn } from '../src/runtime/stage.ts';
import { normalise, type DeadRaw, type Normalised, type NormaliseOptions } from './normalise.ts';
import { RAW_TOPICS } from './topics.ts';

const MESSAGES_MAX = 1_000;

export interface ReadOptions extends NormaliseOptions {
  readonly codec: Codec<Message>;
  readonly hash: IdentityHash;
  readonly region: string;
  readonly notes: {
    readonly dropped: (type: string, reason: string) => void;
    readonly deadLetter: (topic: string, code: string) => void;
  };
}

export interface Raw {
  readonly record: LogRecord;
  readonly index: number;
  readonly normalised: Exclude<Normalised, DeadRaw>;
  readonly identifiers: readonly Identifier[];
}

/** Records up to the log time that is complete, in log-time order over all partitions. */
export const inLogTimeOrder = (turn: Turn): readonly LogRecord[] =>
  turn.inputs
    .flatMap((input) => input.records.filter((record) => record.logTime <= turn.completeTo))
    .toSorted((a, b) => a.logTime - b.logTime || comparePlaces(a, b));

/** When a raw event reached the log: on the history clock, the running maximum of `at` at its row. */
export const loggedAt = ({ record, normalised }: Pick<Raw, 'record' | 'normalised'>): number =>
  normalised.raw.history ? normalised.raw.receivedAt : record.logTime;

function comparePlaces(a: LogRecord, b: LogRecord): number {
  return (
    RAW_TOPICS.indexOf(a.topic as never) - RAW_TOPICS.indexOf(b.topic as never) ||
    a.partition - b.partition ||
    a.offset - b.offset
  );
}

export interface RawBatch {
  readonly raws: readonly Raw[];
  /** The records that were read, to the last. */
  readonly read: readonly LogRecord[];
  readonly ended: readonly [RawEvent, EventOutcome][];
}

export async function readRawBatch(
  options: ReadOptions,
  records: readonly LogRecord[],
  outputs: Outputs,
): Promise<RawBatch> {
  const raws: Raw[] = [];
  const read: LogRecord[] = [];
  const ended: [RawEvent, EventOutcome][] = [];
  for (const record of records) {
    // What was appended together is read together, so that no event of it is overtaken.
    if (raws.length >= MESSAGES_MAX && record.logTime !== read.at(-1)?.logTime) break;
    read.push(record);
    // An await a record is dear, and an unknown schema rare.
    if (!options.codec.knows(record.schema)) await options.codec.learn(record.schema);
    const messages = decode(options, record, outputs);
    for (let index = 0; index < messages.length; index++) {
      const normalised = normalise(messages[index] as Message, options);
      if (normalised.kind === 'dead') {
        bury(options, outputs, { record, index, normalised });
        ended.push([normalised.raw, 'dead_letter']);
        continue;
      }
      const { tenant, sent } = normalised.event;
      const { identifiers, dropped } = normaliseIdentifiers(sent, {
        tenant,
        region: options.region,
        hash: options.hash,
      });
      for (const { type, reason } of dropped) options.notes.dropped(type, reason);
      raws.push({ record, index, normalised, identifiers });
    }
  }
  raws.sort((a, b) => loggedAt(a) - loggedAt(b));
  return { raws, read, ended };
}

function decode(options: ReadOptions, record: LogRecord, outputs: Outputs): readonly Message[] {
  try {
    return options.codec.decode(record.schema, record.value);
  } catch (error) {
    const reason = messageOf(error);
    options.notes.deadLetter(record.topic, 'undecodable');
    outputs.add('dead_letters', 0, {
      kind: 'dead_letter',
      tenant: 'default',
      origin: originOf(record, 0),
      source: record.topic.slice('raw.'.length),
      code: 'undecodable',
      reason,
      at: record.logTime,
      body: record.value,
    });
    return [];
  }
}

export function bury(
  options: ReadOptions,
  outputs: Outputs,
  dead: {
    readonly record: LogRecord;
    readonly index: number;
    readonly normalised: DeadRaw;
  },
): void {
  const { record, index, normalised } = dead;
  const { raw, code, reason } = normalised;
  options.notes.deadLetter(record.topic, code);
  outputs.add('dead_letters', 0, {
    kind: 'dead_letter',
    tenant: raw.tenant,
    origin: originOf(record, index),
    source: raw.source,
    code,
    reason,
    at: record.logTime,
    body: new TextEncoder().encode(raw.body),
  });
}

export const originOf = ({ topic, partition, offset }: LogRecord, index: number): Origin => ({
  topic,
  partition,
  offset,
  index,
});
