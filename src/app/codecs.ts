/** The codecs of all topics and of profile states, from the files in `schemas/`. */
import type { Message } from '../domain/message.ts';
import type { ProfileState } from '../domain/profile/profile-state.ts';
import type { SchemaSource } from '../ports/schema-source.ts';
import {
  composeSchema,
  openCodec,
  openRecordCodec,
  type Codec,
  type RecordCodec,
} from '../runtime/codec.ts';
import { SHAPES } from '../../streams/shapes/shapes.ts';
import { topicsOf } from '../../streams/topics.ts';
import { readPackageFile } from './package-files.ts';

export interface Codecs {
  readonly byTopic: ReadonlyMap<string, Codec<Message>>;
  readonly of: (topic: string) => Codec<Message>;
  readonly state: RecordCodec<ProfileState>;
}

export async function openCodecs(source: SchemaSource): Promise<Codecs> {
  const bySchema = new Map<string, Codec<Message>>();
  const byTopic = new Map<string, Codec<Message>>();
  const part = (name: string): string => readPackageFile('schemas', `${name}.avsc`);
  for (const { name, schema } of topicsOf(1)) {
    const codec =
      bySchema.get(schema) ?? (await openCodec<Message>(schema, part(schema), source, SHAPES));
    bySchema.set(schema, codec);
    byTopic.set(name, codec);
  }
  const text = composeSchema(part('profile-state'), {
    Aggregates: part('aggregates'),
    TagValues: part('tag-values'),
    TriggerState: part('trigger-state'),
  });
  return {
    byTopic,
    of(topic) {
      const codec = byTopic.get(topic);
      if (!codec) throw new TypeError(`there is no topic ${topic}`);
      return codec;
    },
    state: await openRecordCodec<ProfileState>('profile-state', text, source, SHAPES),
  };
}
