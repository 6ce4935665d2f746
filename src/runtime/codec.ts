/**
 * Typed messages to bytes and back, in Avro. A log record is an envelope: an array of messages of
 * one topic. A schema that has a shape among those given is written by it (avro/shaped.ts); any other,
 * and what older ones wrote, by the schema itself, which is asked for by id (avro/by-schema.ts).
 */
import { WeftError } from '../errors.ts';
import type { SchemaSource } from '../ports/schema-source.ts';
import {
  envelopeForm,
  recordForm,
  type Decode,
  type EnvelopeSchema,
  type Tagged,
} from './avro/by-schema.ts';
import { createJustWritten } from './just-written.ts';
import { shapedEnvelope, shapedRecord, type Shapes } from './avro/shaped.ts';

export interface Codec<M> {
  /** Id of the schema that `encode` writes. */
  readonly schema: number;
  encode(messages: readonly M[]): Uint8Array;
  /** `undecodable` bytes throw `corrupt_data`; call `learn` first for an id not seen yet. */
  decode(schema: number, bytes: Uint8Array): readonly M[];
  knows(schema: number): boolean;
  learn(schema: number): Promise<void>;
}

export interface RecordCodec<R> {
  encode(record: R): Uint8Array;
  decode(bytes: Uint8Array): R;
  learnOf(bytes: Uint8Array): Promise<void>;
}

/** The codec of a topic: `text` is the schema of an array over a union of records. */
export async function openCodec<M extends Tagged>(
  subject: string,
  text: string,
  source: SchemaSource,
  shapes: Shapes = {},
): Promise<Codec<M>> {
  const envelope = JSON.parse(text) as EnvelopeSchema;
  const schema = await source.idOf(subject, JSON.stringify(envelope));
  const bySchema = envelopeForm<M>(subject, envelope);
  const own = shapedEnvelope<M>(shapes, bySchema.fingerprint) ?? bySchema;
  const readers = new Map<number, Decode<readonly M[]>>([[schema, own.decode]]);
  const justWritten = createJustWritten<M>();

  return {
    schema,
    encode(messages) {
      const bytes = own.encode(messages, 0);
      // A list of its own: the caller's may go on growing.
      if (own.wasExact?.()) justWritten.keep(bytes, messages.slice());
      return bytes;
    },
    decode(id, bytes) {
      const buffer = asBuffer(bytes);
      const known = id === schema ? justWritten.find(buffer) : undefined;
      if (known) return known;
      const read = readers.get(id);
      if (!read) throw new TypeError(`schema ${id} of ${subject} was not learned`);
      return readSafely(subject, read, buffer, 0);
    },
    knows: (id) => readers.has(id),
    async learn(id) {
      if (!readers.has(id)) readers.set(id, bySchema.readerOf(await source.schemaOf(id)));
    },
  };
}

/** A schema that names records of other files, with those put in where they are first named. */
export function composeSchema(text: string, parts: Readonly<Record<string, string>>): string {
  const open = new Map(Object.entries(parts));
  const fill = (node: unknown): unknown => {
    if (typeof node === 'string') {
      const part = open.get(node);
      if (part === undefined) return node;
      open.delete(node);
      return fill(JSON.parse(part));
    }
    if (Array.isArray(node)) return node.map(fill);
    if (typeof node !== 'object' || node === null) return node;
    return Object.fromEntries(
      Object.entries(node).map(([key, value]) =>
        key === 'type' || key === 'items' || key === 'fields' ? [key, fill(value)] : [key, value],
      ),
    );
  };
  return JSON.stringify(fill(JSON.parse(text)));
}

/** The codec of one record kept in a store; the writer's schema id goes in front, 4 bytes. */
export async function openRecordCodec<R>(
  subject: string,
  text: string,
  source: SchemaSource,
  shapes: Shapes = {},
): Promise<RecordCodec<R>> {
  const schema = await source.idOf(subject, text);
  const bySchema = recordForm<R>(JSON.parse(text));
  const own = shapedRecord<R>(shapes, bySchema.fingerprint) ?? bySchema;
  const readers = new Map<number, Decode<R>>([[schema, own.decode]]);

  return {
    encode(record) {
      const bytes = own.encode(record, ID_BYTES);
      bytes.writeUInt32BE(schema, 0);
      return bytes;
    },
    decode(bytes) {
      const buffer = asBuffer(bytes);
      const id = buffer.readUInt32BE(0);
      const read = readers.get(id);
      if (!read) throw new TypeError(`schema ${id} of ${subject} was not learned`);
      return readSafely(subject, read, buffer, ID_BYTES);
    },
    async learnOf(bytes) {
      const id = asBuffer(bytes).readUInt32BE(0);
      if (!readers.has(id)) readers.set(id, bySchema.readerOf(await source.schemaOf(id)));
    },
  };
}

const ID_BYTES = 4;

function readSafely<T>(subject: string, read: Decode<T>, bytes: Buffer, start: number): T {
  try {
    return read(bytes, start);
  } catch (error) {
    throw new WeftError(
      'corrupt_data',
      `reading ${subject}: the bytes are not what their schema says`,
      {
        cause: error,
      },
    );
  }
}

const asBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
