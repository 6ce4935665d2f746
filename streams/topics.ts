/**
 * Every topic: what it carries, by what it is keyed, which schema its messages have. Partition counts
 * follow from one number, fixed when an installation is created: `events` and everything behind it
 * share it, so that a profile's events, actions and deliveries stay in order.
 */
import { SOURCES, type Source } from '../src/domain/event.ts';

export interface TopicDefinition {
  readonly name: string;
  /** The file in `schemas/`. */
  readonly schema: string;
  readonly key: string;
  readonly partitions: number;
}

export type RawTopic = `raw.${Source}`;

export const RAW_TOPICS: readonly RawTopic[] = SOURCES.map((source) => `raw.${source}` as const);

/** One of the texts above: a new one each time would be hashed each time. */
export const rawTopicOf = (source: Source): RawTopic =>
  RAW_TOPICS[SOURCES.indexOf(source)] as RawTopic;

/** `partitions`: a power of two, at most 1,024 (the number of key groups). */
export function topicsOf(partitions: number): readonly TopicDefinition[] {
  const byProfile = (name: string): TopicDefinition => ({
    name,
    schema: name,
    key: 'profile',
    partitions,
  });
  return [
    ...RAW_TOPICS.map((name) => ({
      name,
      schema: 'raw',
      key: "the event's first identifier",
      partitions,
    })),
    byProfile('events'),
    byProfile('changes'),
    byProfile('actions'),
    byProfile('deliveries'),
    { name: 'dead_letters', schema: 'dead_letters', key: 'none', partitions: 1 },
  ];
}
