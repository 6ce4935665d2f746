/**
 * What a turn wants published: messages by topic and partition, in the order of `TOPIC_ORDER`,
 * packed into envelopes. Nothing here does I/O.
 */
import type { Message } from '../domain/message.ts';
import type { EventLog, NewRecord } from '../ports/event-log.ts';
import type { OutboxRow } from '../ports/outbox.ts';
import type { Codec } from './codec.ts';

export const ENVELOPE_MESSAGES_MAX = 100;
const ENVELOPE_BYTES_HINT = 256 * 1024;

/** State transfers before actions before changes (decisions.md Q23). */
const TOPIC_ORDER = ['events', 'actions', 'deliveries', 'changes', 'dead_letters'];

export type TopicCodecs = ReadonlyMap<string, Codec<Message>>;

export class Outputs {
  private readonly byPlace = new Map<
    string,
    { topic: string; partition: number; messages: Message[] }
  >();
  private readonly codecs: TopicCodecs;

  constructor(codecs: TopicCodecs) {
    this.codecs = codecs;
  }

  add(topic: string, partition: number, message: Message): void {
    const place = `${topic}/${partition}`;
    let entry = this.byPlace.get(place);
    if (!entry) this.byPlace.set(place, (entry = { topic, partition, messages: [] }));
    entry.messages.push(message);
  }

  get isEmpty(): boolean {
    return this.byPlace.size === 0;
  }

  /** All of it as log records. `logTime`: only in a history run. */
  records(logTime?: number): readonly NewRecord[] {
    const places = [...this.byPlace.values()].toSorted(
      (a, b) => rank(a.topic) - rank(b.topic) || a.partition - b.partition,
    );
    return places.flatMap(({ topic, partition, messages }) =>
      packed(messages).map((envelope) => ({
        topic,
        partition,
        ...encodeEnvelope(this.codecs, topic, envelope),
        ...(logTime === undefined ? {} : { logTime }),
      })),
    );
  }
}

export function encodeEnvelope(
  codecs: TopicCodecs,
  topic: string,
  messages: readonly Message[],
): { readonly schema: number; readonly value: Uint8Array } {
  const codec = codecs.get(topic);
  if (!codec) throw new TypeError(`no schema for topic ${topic}`);
  return { schema: codec.schema, value: codec.encode(messages) };
}

/** Appends what a commit left to be published, then says so to the store. */
export async function publish(
  log: EventLog,
  rows: readonly OutboxRow[],
  trim: (sequence: number) => Promise<void>,
): Promise<void> {
  const last = rows.at(-1);
  if (!last) return;
  await log.append(rows.map((row) => row.record));
  await trim(last.sequence);
}

const rank = (topic: string): number => {
  const index = TOPIC_ORDER.indexOf(topic);
  return index < 0 ? TOPIC_ORDER.length : index;
};

function packed(messages: readonly Message[]): readonly (readonly Message[])[] {
  const envelopes: Message[][] = [];
  let open: Message[] = [];
  let bytes = 0;
  for (const message of messages) {
    const size = sizeHint(message);
    if (
      open.length > 0 &&
      (open.length >= ENVELOPE_MESSAGES_MAX || bytes + size > ENVELOPE_BYTES_HINT)
    ) {
      envelopes.push(open);
      open = [];
      bytes = 0;
    }
    open.push(message);
    bytes += size;
  }
  if (open.length > 0) envelopes.push(open);
  return envelopes;
}

const sizeHint = (message: Message): number => {
  if (message.kind === 'event') return 400 + message.properties.length;
  if (message.kind === 'transfer') return message.state.length;
  if (message.kind === 'raw') return message.body.length;
  if (message.kind === 'catalogue') return message.text.length;
  return 300;
};
