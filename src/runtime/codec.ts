/**
 * Typed messages to bytes and back, in Avro. A log record is an envelope: an array of messages of
 * one topic. Readers resolve what older schemas wrote; the writer's schema is asked for by id. A
 * message's `kind` (and `change`) are one-symbol enums in its schema, which is how a branch of the
 * union is found.
 */
import avro from 'avsc';
import { WeftError } from '../errors.ts';
import type { SchemaSource } from '../ports/schema-source.ts';

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

interface Tagged {
  readonly kind: string;
  readonly change?: string;
}

interface Schema {
  readonly type?: unknown;
  readonly name?: string;
  readonly namespace?: string;
  readonly items?: unknown;
  readonly fields?: readonly FieldSchema[];
  readonly symbols?: readonly string[];
}

interface FieldSchema {
  readonly name: string;
  readonly type: unknown;
  readonly optional?: boolean;
}

/** Any `Uint8Array` may be written where the schema says bytes. */
class Octets extends avro.types.LogicalType {
  protected override _fromValue(value: unknown): unknown {
    return value;
  }
  protected override _toValue(value: unknown): unknown {
    return value instanceof Uint8Array ? asBuffer(value) : undefined;
  }
  protected override _resolve(type: avro.Type): ((value: unknown) => unknown) | undefined {
    return avro.Type.isType(type, 'bytes', 'logical:octets') ? (value) => value : undefined;
  }
}

/** A value that only its readers look into: JSON text in the record, the value outside. */
class JsonText extends avro.types.LogicalType {
  protected override _fromValue(text: string): unknown {
    return JSON.parse(text);
  }
  protected override _toValue(value: unknown): string {
    return JSON.stringify(value);
  }
  protected override _resolve(type: avro.Type): ((value: unknown) => unknown) | undefined {
    return avro.Type.isType(type, 'logical:json') ? (value) => value : undefined;
  }
}

interface Tap {
  readonly buf: Uint8Array;
  readonly pos: number;
  readLong(): number;
  skipLong(): void;
}

/**
 * avsc 5.7 reads on past the end of its bytes and looks only afterwards: of wrong bytes, the count of
 * an array would fill the memory first. This one ends with them. An item is at least one byte.
 */
Object.defineProperty(avro.types.ArrayType.prototype, '_read', {
  value(this: { readonly itemsType: { _read(tap: Tap): unknown } }, tap: Tap): unknown[] {
    const items: unknown[] = [];
    for (let count = tap.readLong(); count !== 0; count = tap.readLong()) {
      if (count < 0) tap.skipLong();
      const left = tap.buf.length - tap.pos;
      if (Math.abs(count) > left) throw new RangeError(`${count} items in ${left} bytes`);
      for (let i = Math.abs(count); i > 0; i -= 1) {
        items.push(this.itemsType._read(tap));
        if (tap.pos > tap.buf.length) throw new RangeError('an item ends past the bytes');
      }
    }
    return items;
  },
});

function typeOf(schema: unknown): avro.Type {
  let isInside = false;
  return avro.Type.forSchema(schema as avro.Schema, {
    wrapUnions: 'auto',
    logicalTypes: { json: JsonText },
    typeHook(each, options) {
      if (isInside || each !== 'bytes') return undefined;
      isInside = true;
      const type = new Octets({ type: 'bytes', logicalType: 'octets' } as never, options);
      isInside = false;
      return type;
    },
  });
}

/** The codec of a topic: `text` is the schema of an array over a union of records. */
export async function openCodec<M extends Tagged>(
  subject: string,
  text: string,
  source: SchemaSource,
): Promise<Codec<M>> {
  const envelope = JSON.parse(text) as { readonly items: readonly Schema[] };
  const branches = envelope.items;
  const own = typeOf(envelope);
  const schema = await source.idOf(subject, JSON.stringify(envelope));
  const wrapped = branches.length > 1;
  const nameOf = new Map(branches.map((branch) => [tagOf(branch), fullName(branch)]));
  const menders = new Map(branches.map((branch) => [tagOf(branch), menderOf(branch)]));
  const readers = new Map<number, (bytes: Buffer) => readonly unknown[]>([
    [schema, (bytes) => own.fromBuffer(bytes) as readonly unknown[]],
  ]);

  const tag = (message: Tagged): string =>
    message.change === undefined ? message.kind : `${message.kind}/${message.change}`;
  const wrap = (message: M): unknown => {
    const name = nameOf.get(tag(message));
    if (name === undefined) throw new TypeError(`${subject} has no schema for ${message.kind}`);
    return { [name]: message };
  };

  return {
    schema,
    encode: (messages) => own.toBuffer(wrapped ? messages.map(wrap) : messages),
    decode(id, bytes) {
      const read = readers.get(id);
      if (!read) throw new TypeError(`schema ${id} of ${subject} was not learned`);
      const values = readSafely(subject, () => read(asBuffer(bytes)));
      const messages = (wrapped ? values.map(unwrap) : values) as (M & Record<string, unknown>)[];
      for (const message of messages) menders.get(tag(message))?.(message);
      return messages;
    },
    knows: (id) => readers.has(id),
    async learn(id) {
      if (readers.has(id)) return;
      const writer = typeOf(JSON.parse(await source.schemaOf(id)));
      const resolver = own.createResolver(writer);
      readers.set(id, (bytes) => own.fromBuffer(bytes, resolver) as readonly unknown[]);
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
): Promise<RecordCodec<R>> {
  const type = typeOf(JSON.parse(text));
  const schema = await source.idOf(subject, text);
  const resolvers = new Map<number, ReturnType<avro.Type['createResolver']>>();

  return {
    encode(record) {
      const body = type.toBuffer(record);
      const bytes = Buffer.allocUnsafe(body.length + 4);
      bytes.writeUInt32BE(schema, 0);
      body.copy(bytes, 4);
      return bytes;
    },
    decode(bytes) {
      const buffer = asBuffer(bytes);
      const id = buffer.readUInt32BE(0);
      const body = buffer.subarray(4);
      return readSafely(subject, () =>
        id === schema ? type.fromBuffer(body) : type.fromBuffer(body, resolvers.get(id)),
      ) as R;
    },
    async learnOf(bytes) {
      const id = asBuffer(bytes).readUInt32BE(0);
      if (id === schema || resolvers.has(id)) return;
      const writer = typeOf(JSON.parse(await source.schemaOf(id)));
      resolvers.set(id, type.createResolver(writer));
    },
  };
}

function readSafely<T>(subject: string, read: () => T): T {
  try {
    return read();
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

const unwrap = (value: unknown): unknown => (value as { unwrap(): unknown }).unwrap();

const fullName = (branch: Schema): string =>
  branch.namespace ? `${branch.namespace}.${branch.name}` : (branch.name ?? '');

function tagOf(branch: Schema): string {
  const symbol = (name: string): string | undefined => {
    const field = branch.fields?.find((each) => each.name === name);
    return (field?.type as Schema | undefined)?.symbols?.[0];
  };
  const kind = symbol('kind') ?? '';
  const change = symbol('change');
  return change ? `${kind}/${change}` : kind;
}

type Mend = (value: Record<string, unknown>) => void;

/** Fields marked `optional` are absent in the domain where Avro has null; nested records too. */
function menderOf(schema: Schema): Mend | null {
  const absent: string[] = [];
  const nested: [name: string, mend: Mend][] = [];
  for (const field of schema.fields ?? []) {
    if (field.optional === true) absent.push(field.name);
    const inner = recordIn(field.type);
    const mend = inner && menderOf(inner);
    if (mend) nested.push([field.name, mend]);
  }
  if (absent.length === 0 && nested.length === 0) return null;
  return (value) => {
    for (const name of absent) if (value[name] === null) value[name] = undefined;
    for (const [name, mend] of nested) {
      const inner = value[name];
      if (Array.isArray(inner)) inner.forEach(mend);
      else if (inner) mend(inner as Record<string, unknown>);
    }
  };
}

function recordIn(type: unknown): Schema | null {
  if (Array.isArray(type)) return type.map(recordIn).find((each) => each !== null) ?? null;
  if (typeof type !== 'object' || type === null) return null;
  const schema = type as Schema;
  if (schema.type === 'array') return recordIn(schema.items);
  return schema.type === 'record' ? schema : null;
}
