/**
 * What the log says of an installation that stands still: in which order events were met, by whom they
 * were taken, and where the state of absorbed profiles arrived. Read from the log itself, so that a
 * reference model can walk the same way (decisions.md Q2).
 */
import type { Message, Origin } from '../../src/domain/message.ts';
import { RAW_TOPICS } from '../../streams/topics.ts';
import { withStores } from './stores.ts';

export type RecordedStep =
  | {
      readonly kind: 'event';
      readonly id: string;
      /** '': nobody's. */
      readonly profile: string;
      readonly logTime: number;
    }
  | {
      readonly kind: 'hand_over';
      readonly absorbed: string;
      readonly survivor: string;
      /** The clock of the survivor's partition there. */
      readonly logTime: number;
    };

interface Placed {
  readonly step: RecordedStep;
  readonly order: Order;
}

/** Log time, then the place in the raw log; then whether it came after that event. */
type Order = readonly number[];

export async function recordedOrder(dataDir: string): Promise<readonly RecordedStep[]> {
  const partitions = await messagesOf(dataDir, 'events');
  const events = new Map<string, Placed>();
  for (const message of partitions.flat()) {
    if (message.kind !== 'event' || message.origin.topic === 'actions') continue;
    const { id, profile, logTime, origin } = message;
    const step = { kind: 'event', id, profile, logTime } as const;
    events.set(placeOf(origin), { step, order: [logTime, ...rawOrderOf(origin), 0] });
  }
  const handOvers = partitions.flatMap((messages) => handOversIn(messages, events));
  return [...events.values(), ...lastHops(handOvers)]
    .toSorted((a, b) => compareOrders(a.order, b.order))
    .map(({ step }) => step);
}

interface HandOver extends Placed {
  readonly mergeId: string;
  readonly hops: number;
}

/** Each after the last event before it in its partition, or after the event that merged somebody there. */
function handOversIn(
  messages: readonly Message[],
  events: ReadonlyMap<string, Placed>,
): readonly HandOver[] {
  const byCause = new Map<string, Placed>();
  for (const placed of events.values()) {
    const { step } = placed;
    if (step.kind === 'event') byCause.set(`${step.id}@${step.logTime}`, placed);
  }
  const found: HandOver[] = [];
  let last: Placed | undefined;
  for (const message of messages) {
    if (message.kind === 'event') last = events.get(placeOf(message.origin)) ?? last;
    if (message.kind === 'identity' && message.change === 'merged') {
      last = byCause.get(`${message.eventId}@${message.changedAt}`) ?? last;
    }
    if (message.kind !== 'transfer' || last === undefined) continue;
    const { mergeId, survivor, origin: absorbed, hops } = message;
    const { logTime } = last.step;
    const step = { kind: 'hand_over', absorbed, survivor, logTime } as const;
    found.push({ step, order: [...last.order.slice(0, -1), 1], mergeId, hops });
  }
  return found;
}

/** A state whose survivor was absorbed itself is sent on: it arrives where it is sent last. */
function lastHops(handOvers: readonly HandOver[]): readonly HandOver[] {
  const last = new Map<string, HandOver>();
  for (const one of handOvers) {
    if (one.hops >= (last.get(one.mergeId)?.hops ?? 0)) last.set(one.mergeId, one);
  }
  // In the order they lie: two that arrive one behind the other are told apart by nothing else.
  return handOvers.filter((one) => last.get(one.mergeId) === one);
}

/** All messages of a topic, by partition. */
const messagesOf = (dataDir: string, topic: string): Promise<readonly Message[][]> =>
  withStores(dataDir, async ({ log, codecs }) => {
    const codec = codecs.of(topic);
    const partitions: Message[][] = [];
    for (const [partition, { first, next }] of (await log.bounds(topic)).entries()) {
      const messages: Message[] = [];
      for (let at = first; at < next;) {
        const limits = { recordsMax: 1_000, bytesMax: 8 * 1024 * 1024 };
        const records = await log.read({ topic, partition }, at, limits);
        for (const record of records) {
          await codec.learn(record.schema);
          messages.push(...codec.decode(record.schema, record.value));
        }
        at = (records.at(-1)?.offset ?? next) + 1;
      }
      partitions.push(messages);
    }
    return partitions;
  });

const placeOf = ({ topic, partition, offset, index }: Origin): string =>
  [topic, partition, offset, index].join('/');

/** Raw records are met by log time; those of one log time, by the place they came from. */
const rawOrderOf = ({ topic, partition, offset, index }: Origin): readonly number[] => [
  RAW_TOPICS.findIndex((name) => name === topic),
  partition,
  offset,
  index,
];

function compareOrders(a: Order, b: Order): number {
  for (const [i, value] of a.entries()) {
    const difference = value - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
