/** Every message of every topic through its schema and back; older writers; bytes that are none. */
import { readFileSync } from 'node:fs';
import fc, { type Arbitrary } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createMemorySchemaSource } from '../../src/adapters/memory/schema-source.ts';
import { SOURCES } from '../../src/domain/event.ts';
import { IDENTIFIER_TYPES } from '../../src/domain/identity/identifier.ts';
import type {
  Action,
  Change,
  DeadLetter,
  Delivery,
  IdentityRecord,
  Message,
  RawEvent,
  StitchedEvent,
  Transfer,
} from '../../src/domain/message.ts';
import { envelopeForm, type EnvelopeSchema } from '../../src/runtime/avro/by-schema.ts';
import { isAsAvsc, outcome, plain } from '../../src/runtime/avro/shape.contract.ts';
import { shapedEnvelope } from '../../src/runtime/avro/shaped.ts';
import { openCodec } from '../../src/runtime/codec.ts';
import { SHAPES } from './shapes.ts';

const schemaText = (name: string): string =>
  readFileSync(new URL(`../../schemas/${name}.avsc`, import.meta.url), 'utf8');

const TOPICS = ['raw', 'events', 'changes', 'actions', 'deliveries', 'dead_letters'] as const;

/** A model of each field: one that the domain's type has and this has not does not compile. */
type Model<T> = { [K in keyof Required<T>]: Arbitrary<Exclude<T[K], undefined>> };

const text = fc.string({ unit: 'grapheme', maxLength: 8 });
/** As far as the parser lets moments and money go. */
const moment = fc.integer({ min: -8.64e14, max: 8.64e14 });
const small = fc.nat({ max: 1_000_000 });
const orNull = <T>(of: Arbitrary<T>): Arbitrary<T | null> => fc.option(of, { nil: null });
const few = <T>(of: Arbitrary<T>): Arbitrary<T[]> => fc.array(of, { maxLength: 3 });
const bytes = fc.uint8Array({ maxLength: 12 });
const source = fc.constantFrom(...SOURCES);
const kind = <K extends string>(name: K): Arbitrary<K> => fc.constant(name);
const wait = orNull(fc.record({ instance: text, token: text }));
const origin = fc.record({ topic: text, partition: small, offset: moment, index: small });
const type = fc.constantFrom(...IDENTIFIER_TYPES);
const key = fc.record({ type, scope: text, digest: text });
const order = fc.record({
  id: text,
  total: moment,
  discount: small,
  currency: text,
  coupons: few(text),
});
const item = fc.record(
  {
    sku: text,
    name: text,
    category: text,
    brand: text,
    variant: text,
    quantity: fc.double({ min: 0, max: 1e6, noNaN: true }),
    price: small,
  },
  { requiredKeys: ['sku', 'quantity', 'price'] },
);

/** `sent` stays behind: on `events`, identifiers are what they became. */
const stitched: Omit<Model<StitchedEvent>, 'sent'> = {
  kind: kind('event'),
  tenant: text,
  id: text,
  source,
  type: text,
  at: moment,
  receivedAt: moment,
  order,
  items: few(item),
  cart: text,
  checkout: text,
  store: text,
  channel: text,
  campaign: text,
  properties: text,
  flags: few(fc.constantFrom('id_assigned', 'at_clamped')),
  profile: text,
  anonymous: fc.boolean(),
  identifiers: few(
    fc.record({
      type,
      scope: text,
      value: text,
      digest: text,
      verified: fc.boolean(),
      accepted: fc.boolean(),
    }),
  ),
  origin,
  logTime: moment,
  history: fc.boolean(),
  triggers: fc.boolean(),
  wait,
  forwardedFrom: orNull(text),
  hops: small,
};
const OPTIONAL = ['order', 'cart', 'checkout', 'store', 'channel', 'campaign'];
const required = Object.keys(stitched).filter((name) => !OPTIONAL.includes(name));

type Identity<C extends IdentityRecord['change']> = Extract<IdentityRecord, { change: C }>;
const common = {
  kind: kind('identity'),
  recordId: text,
  tenant: text,
  eventId: text,
  source,
  effectiveAt: moment,
  changedAt: moment,
  policy: small,
};
const created: Model<Identity<'created'>> = {
  ...common,
  change: kind('created'),
  pid: text,
  epoch: small,
  founder: text,
  createdBy: orNull(type),
  createdByScope: text,
  createdAt: fc.record({ logTime: moment, partition: small, offset: moment, index: small }),
  anonymousOf: orNull(text),
};
const attached: Model<Identity<'attached'>> = {
  ...common,
  change: kind('attached'),
  pid: text,
  identifiers: few(key),
  movedFrom: orNull(text),
};
const merged: Model<Identity<'merged'>> = {
  ...common,
  change: kind('merged'),
  survivor: text,
  absorbed: text,
  mergeId: text,
  absorbedBefore: few(text),
  rule: text,
  history: fc.boolean(),
  wait,
};
const refused: Model<Identity<'refused'>> = {
  ...common,
  change: kind('refused'),
  reason: fc.constantFrom('strong_conflict', 'ambiguous', 'limit', 'cannot_link'),
  identifiers: few(key),
  pids: few(text),
  attributedTo: text,
  nowShared: few(key),
  nowHub: few(key),
  ownersAdded: few(fc.record({ identifier: key, owner: text })),
};
const transfer: Model<Transfer> = {
  kind: kind('transfer'),
  tenant: text,
  mergeId: text,
  survivor: text,
  origin: text,
  state: bytes,
  hops: small,
  history: fc.boolean(),
  wait,
};
const raw: Model<RawEvent> = {
  kind: kind('raw'),
  tenant: text,
  source,
  receivedAt: moment,
  body: text,
  id: text,
  history: fc.boolean(),
  triggers: fc.boolean(),
  wait,
  unreadable: fc.option(text),
};
const tagValue = orNull(
  fc.oneof(text, fc.boolean(), fc.double({ noNaN: true, noDefaultInfinity: true }), few(text)),
);
const change: Model<Change> = {
  kind: kind('change'),
  tenant: text,
  profile: text,
  cause: fc.constantFrom('event', 'time', 'merge', 'catalogue'),
  causeId: text,
  at: moment,
  tags: few(fc.record({ name: text, old: tagValue, new: tagValue, anchor: orNull(moment) })),
  identifiers: few(
    fc.record({
      type,
      scope: text,
      digest: text,
      value: text,
      validFrom: moment,
      validTo: orNull(moment),
    }),
  ),
};
const action: Model<Action> = {
  kind: kind('action'),
  tenant: text,
  id: text,
  trigger: text,
  profile: text,
  event: text,
  anchor: text,
  correlation: orNull(text),
  dueAt: orNull(moment),
  decidedAt: moment,
  outcome: fc.constantFrom('decided', 'suppressed'),
  reason: orNull(fc.constantFrom('profile_limit', 'too_late', 'no_consent')),
  steps: few(
    fc.oneof(fc.record({ coupon: text }), fc.record({ channel: text, fallback: few(text) })),
  ),
  recipients: few(fc.record({ type, scope: text, value: text })),
  context: text,
  history: fc.boolean(),
  receivedAt: orNull(moment),
};
const delivery: Model<Delivery> = {
  kind: kind('delivery'),
  tenant: text,
  id: text,
  action: text,
  trigger: text,
  profile: text,
  step: small,
  channel: text,
  attempt: small,
  outcome: fc.constantFrom('issued', 'accepted', 'rejected', 'failed', 'unknown', 'withheld'),
  reason: orNull(text),
  code: orNull(text),
  at: moment,
  durationMs: small,
};
const deadLetter: Model<DeadLetter> = {
  kind: kind('dead_letter'),
  tenant: text,
  origin,
  source: text,
  code: text,
  reason: text,
  at: moment,
  body: bytes,
};

const anyEvent = fc.record(stitched, { requiredKeys: required as (keyof typeof stitched)[] });
const anyMessage: Readonly<Record<(typeof TOPICS)[number], Arbitrary<Message>>> = {
  raw: fc.record(raw),
  events: fc.oneof(
    // What the schema leaves out is not there; nobody behind `events` asks for it.
    anyEvent as Arbitrary<Message>,
    fc.record(created),
    fc.record(attached),
    fc.record(merged),
    fc.record(refused),
    fc.record(transfer),
    fc.record({
      kind: kind('marker'),
      clock: moment,
      partitions: few(small),
      history: fc.boolean(),
    }),
    fc.record({ kind: kind('catalogue'), hash: text, text }),
  ),
  changes: fc.record(change),
  actions: fc.record(action),
  deliveries: fc.record(delivery),
  dead_letters: fc.record(deadLetter),
};

describe.each(TOPICS)('the shape of %s', (topic) => {
  const bySchema = envelopeForm<Message>(topic, JSON.parse(schemaText(topic)) as EnvelopeSchema);
  const shaped = shapedEnvelope<Message>(SHAPES, bySchema.fingerprint);
  const envelope = fc.array(anyMessage[topic], { maxLength: 4 });
  isAsAvsc({ bySchema, shaped, values: fc.sample(envelope, 100) });

  it('reads of random bytes what avsc reads', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (random) => {
        const bytes = Buffer.from(random);
        expect(shaped && outcome(shaped, bytes)).toBe(outcome(bySchema, bytes));
      }),
      { numRuns: 500 },
    );
  });
});

describe('a codec', () => {
  it.each(TOPICS)('gives every message of %s back as it was', async (topic) => {
    const codec = await openCodec<Message>(
      topic,
      schemaText(topic),
      createMemorySchemaSource(),
      SHAPES,
    );
    fc.assert(
      fc.property(fc.array(anyMessage[topic], { maxLength: 4 }), (messages) => {
        const read = codec.decode(codec.schema, codec.encode(messages));
        expect(plain(read)).toEqual(plain(messages));
      }),
    );
  });

  it.each(TOPICS)(
    'of %s says of bytes that are no envelope that they are corrupt',
    async (topic) => {
      const codec = await openCodec<Message>(
        topic,
        schemaText(topic),
        createMemorySchemaSource(),
        SHAPES,
      );
      const codeOf = (bytes: Uint8Array): unknown => {
        try {
          codec.decode(codec.schema, bytes);
          return 'read';
        } catch (error) {
          return (error as { code?: unknown }).code;
        }
      };
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 200 }), (random) => {
          expect(['read', 'corrupt_data']).toContain(codeOf(random));
        }),
        { numRuns: 500 },
      );
      const whole = codec.encode(fc.sample(anyMessage[topic], { numRuns: 3, seed: 7 }));
      for (let size = 0; size < whole.length; size += 1) {
        expect(codeOf(whole.subarray(0, size))).toBe('corrupt_data');
      }
    },
  );
});

interface Field {
  readonly name: string;
  readonly default?: unknown;
  readonly optional?: boolean;
}
interface Branch {
  readonly name: string;
  readonly fields: readonly Field[];
}
const branchesOf = (name: string): readonly Branch[] =>
  (JSON.parse(schemaText(name)) as { readonly items: readonly Branch[] }).items;

describe('a schema of before', () => {
  /**
   * Every field that may be missing in an older log: those with a default. Not the first that says what
   * a `Wait` is: the others of its file need it.
   */
  const cases = TOPICS.flatMap((topic) =>
    branchesOf(topic).flatMap(({ name, fields }) =>
      fields
        .filter((field) => 'default' in field)
        .filter((field) => !(name === 'StitchedEvent' && field.name === 'wait'))
        .map((field) => ({ topic, branch: name, field: field.name, of: `${name}.${field.name}` })),
    ),
  );

  it.each(cases)('of $topic, without $of, is read with its default', async (each) => {
    const source = createMemorySchemaSource();
    const text = schemaText(each.topic);
    const old = JSON.parse(text) as { items: Branch[] };
    const items = old.items.map((branch) =>
      branch.name === each.branch
        ? { ...branch, fields: branch.fields.filter((field) => field.name !== each.field) }
        : branch,
    );
    const then = await openCodec<Message>(
      each.topic,
      JSON.stringify({ ...old, items }),
      source,
      SHAPES,
    );
    const now = await openCodec<Message>(each.topic, text, source, SHAPES);
    expect(now.schema).not.toBe(then.schema);
    const messages = fc.sample(anyMessage[each.topic], { numRuns: 40, seed: 11 });
    expect(now.knows(then.schema)).toBe(false);
    await now.learn(then.schema);
    expect(now.knows(then.schema)).toBe(true);
    const read = now.decode(then.schema, then.encode(messages));
    const kind = kindOf(items.find((branch) => branch.name === each.branch));
    const field = branchesOf(each.topic)
      .find((branch) => branch.name === each.branch)
      ?.fields.find((one) => one.name === each.field);
    const missing = field?.optional === true ? undefined : field?.default;
    const expected = messages.map((message) =>
      tagOf(message) === kind ? { ...message, [each.field]: missing } : message,
    );
    expect(plain(read)).toEqual(plain(expected));
  });
});

const tagOf = (message: Message): string =>
  message.kind === 'identity' ? `identity/${message.change}` : message.kind;

function kindOf(branch: Branch | undefined): string {
  const symbol = (name: string): string | undefined => {
    const field = branch?.fields.find((each) => each.name === name);
    return (field as { type?: { symbols?: readonly string[] } } | undefined)?.type?.symbols?.[0];
  };
  const change = symbol('change');
  return change === undefined ? (symbol('kind') ?? '') : `${symbol('kind')}/${change}`;
}
