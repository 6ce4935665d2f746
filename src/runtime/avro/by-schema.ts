/**
 * Bytes of any schema, through avsc: what an older writer left is resolved to what readers know now,
 * and a schema that no shape was made for is written too.
 */
import avro from 'avsc';

/** How values of one schema become bytes and back. In front of them, up to `start`, is the caller's. */
export interface Form<T> {
  encode(value: T, start: number): Buffer;
  /** Throws unless the bytes are one such value, to their end. */
  decode: Decode<T>;
  /** Would whoever reads what was encoded last have the very same value? Where it cannot be said: absent. */
  wasExact?(): boolean;
}

export type Decode<T> = (bytes: Buffer, start: number) => T;

export interface SchemaForm<T> extends Form<T> {
  /** The same for schemas that write the same bytes. */
  readonly fingerprint: string;
  /** Reads what was written with another schema. */
  readerOf(writerSchema: string): Decode<T>;
}

/** An array over a union of records. */
export interface EnvelopeSchema {
  readonly items: readonly Schema[];
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

/** `kind` and `change` are one-symbol enums in a message's schema: they say which branch it is. */
export interface Tagged {
  readonly kind: string;
  readonly change?: string;
}

export function envelopeForm<M extends Tagged>(
  subject: string,
  schema: EnvelopeSchema,
): SchemaForm<readonly M[]> {
  const branches = schema.items;
  const own = recordForm<readonly unknown[]>(schema);
  const wrapped = branches.length > 1;
  const nameOf = new Map(branches.map((branch) => [tagOf(branch), fullName(branch)]));
  const menders = new Map(branches.map((branch) => [tagOf(branch), menderOf(branch)]));

  const tag = (message: Tagged): string =>
    message.change === undefined ? message.kind : `${message.kind}/${message.change}`;
  const wrap = (message: M): unknown => {
    const name = nameOf.get(tag(message));
    if (name === undefined) throw new TypeError(`${subject} has no schema for ${message.kind}`);
    return { [name]: message };
  };
  const mended = (values: readonly unknown[]): readonly M[] => {
    const messages = (wrapped ? values.map(unwrap) : values) as (M & Record<string, unknown>)[];
    for (const message of messages) menders.get(tag(message))?.(message);
    return messages;
  };

  return {
    fingerprint: own.fingerprint,
    encode: (messages, start) => own.encode(wrapped ? messages.map(wrap) : messages, start),
    decode: (bytes, start) => mended(own.decode(bytes, start)),
    readerOf(writerSchema) {
      const read = own.readerOf(writerSchema);
      return (bytes, start) => mended(read(bytes, start));
    },
  };
}

export function recordForm<R>(schema: unknown): SchemaForm<R> {
  const type = typeOf(schema);
  return {
    fingerprint: type.fingerprint().toString('hex'),
    encode: (record, start) => Buffer.concat([Buffer.alloc(start), type.toBuffer(record)]),
    decode: (bytes, start) => type.fromBuffer(bytes.subarray(start)) as R,
    readerOf(writerSchema) {
      const resolver = type.createResolver(typeOf(JSON.parse(writerSchema)));
      return (bytes, start) => type.fromBuffer(bytes.subarray(start), resolver) as R;
    },
  };
}

/** Any `Uint8Array` may be written where the schema says bytes. */
class Octets extends avro.types.LogicalType {
  protected override _fromValue(value: unknown): unknown {
    return value;
  }
  protected override _toValue(value: unknown): unknown {
    return value instanceof Uint8Array
      ? Buffer.from(value.buffer, value.byteOffset, value.length)
      : undefined;
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
