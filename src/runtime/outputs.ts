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
  /** For each topic its messages, by partition. */
  private readonly byTopic = new Map<string, Message[][]>();
  private readonly codecs: TopicCodecs;

  constructor(codecs: TopicCodecs) {
    this.codecs = codecs;
  }

  add(topic: string, partition: number, message: Message): void {
    let places = this.byTopic.get(topic);
    if (!places) this.byTopic.set(topic, (places = []));
    const messages = places[partition];
    if (messages) messages.push(message);
    else places[partition] = [message];
  }

  get isEmpty(): boolean {
    return this.byTopic.size === 0;
  }

  /** All of it as log records. `logTime`: only in a history run. */
  records(logTime?: number): readonly NewRecord[] {
    const records: NewRecord[] = [];
    const topics = [...this.byTopic].toSorted(([a], [b]) => rank(a) - rank(b));
    for (const [topic, places] of topics) {
      // Partitions without messages are holes, which `forEach` leaves out.
      places.forEach((messages, partition) => {
        for (const envelope of packed(messages)) {
          const { schema, value } = encodeEnvelope(this.codecs, topic, envelope);
          const record = { topic, partition, schema, value };
          records.push(logTime === undefined ? record : { ...record, logTime });
        }
      });
    }
    return records;
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

/** There is at least one message. */
function packed(messages: readonly Message[]): readonly (readonly Message[])[] {
  const envelopes: (readonly Message[])[] = [];
  let start = 0;
  let bytes = 0;
  for (let i = 0; i < messages.length; i += 1) {
    const size = sizeHint(messages[i] as Message);
    const count = i - start;
    if (count > 0 && (count >= ENVELOPE_MESSAGES_MAX || bytes + size > ENVELOPE_BYTES_HINT)) {
      envelopes.push(messages.slice(start, i));
      start = i;
      bytes = 0;
    }
    bytes += size;
  }
  envelopes.push(start === 0 ? messages : messages.slice(start));
  return envelopes;
}

const sizeHint = (message: Message): number => {
  if (message.kind === 'event') return 400 + message.properties.length;
  if (message.kind === 'transfer') return message.state.length;
  if (message.kind === 'raw') return message.body.length;
  if (message.kind === 'catalogue') return message.text.length;
  return 300;
};
