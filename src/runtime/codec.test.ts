/** What a codec promises beside carrying messages (codec-messages.test.ts): languages, ids, refusals. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createMemorySchemaSource } from '../adapters/memory/schema-source.ts';
import type { Message } from '../domain/message.ts';
import { composeSchema, openCodec, openRecordCodec } from './codec.ts';
import { event, marker } from './counter-stage.contract.ts';

const schemaText = (name: string): string =>
  readFileSync(new URL(`../../schemas/${name}.avsc`, import.meta.url), 'utf8');

const openTopic = (topic: string) =>
  openCodec<Message>(topic, schemaText(topic), createMemorySchemaSource());

/** As the domain has it: bytes are bytes, and what is absent is not there. */
const plain = (value: unknown): unknown => {
  if (value instanceof Uint8Array) return [...value];
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
  return Object.fromEntries(entries.map(([name, inner]) => [name, plain(inner)]));
};

const RAW: Message = {
  kind: 'raw',
  tenant: 'default',
  source: 'pos',
  receivedAt: -8.64e14,
  body: '{"门店":"静安寺店","name":"😀 zero\u0000"}',
  id: '编号-1',
  history: false,
  triggers: true,
  wait: null,
  unreadable: null,
};

describe('a codec', () => {
  it('writes text of any language, and moments as far as the parser lets them go', async () => {
    const codec = await openTopic('raw');
    expect(codec.decode(codec.schema, codec.encode([RAW]))).toEqual([RAW]);
  });

  it('carries several messages of several kinds in one envelope, in their order', async () => {
    const codec = await openTopic('events');
    const messages = [event('a0', 'e1'), marker(5), event('a0', 'e2')];
    expect(codec.decode(codec.schema, codec.encode(messages))).toEqual(messages);
    expect(codec.decode(codec.schema, codec.encode([]))).toEqual([]);
  });

  it('refuses a message its topic does not carry', async () => {
    const codec = await openTopic('actions');
    expect(() => codec.encode([event('a0', 'e1')])).toThrow('invalid');
    const events = await openTopic('events');
    expect(() => events.encode([RAW])).toThrow('events has no schema for raw');
  });

  it('reads bytes wherever they lie', async () => {
    const codec = await openTopic('events');
    const encoded = codec.encode([event('a0', 'e1')]);
    const inside = new Uint8Array(encoded.length + 20);
    inside.set(encoded, 7);
    const read = codec.decode(codec.schema, inside.subarray(7, 7 + encoded.length));
    expect(read).toEqual([event('a0', 'e1')]);
  });

  it('asks again for a schema that was never registered: it may only be late', async () => {
    const codec = await openTopic('events');
    await expect(codec.learn(99)).rejects.toMatchObject({
      code: 'store_unavailable',
      retriable: true,
    });
    expect(() => codec.decode(99, new Uint8Array())).toThrow('was not learned');
  });
});

describe('the codec of one record', () => {
  const NOW = JSON.stringify({
    type: 'record',
    name: 'State',
    fields: [
      { name: 'count', type: 'long' },
      { name: 'packed', type: 'bytes' },
      { name: 'note', type: 'string', default: 'none' },
    ],
  });
  const THEN = JSON.stringify({
    type: 'record',
    name: 'State',
    fields: [
      { name: 'count', type: 'long' },
      { name: 'packed', type: 'bytes' },
      { name: 'gone', type: 'string' },
    ],
  });
  interface State {
    readonly count: number;
    readonly packed: Uint8Array;
    readonly note: string;
  }

  it('carries the id of its writer’s schema, and reads what an older one wrote', async () => {
    const source = createMemorySchemaSource();
    const then = await openRecordCodec<object>('state', THEN, source);
    const now = await openRecordCodec<State>('state', NOW, source);
    const old = then.encode({ count: 3, packed: new Uint8Array([1, 2]), gone: 'x' });
    expect([...old.subarray(0, 4)]).toEqual([0, 0, 0, 1]);
    await now.learnOf(old);
    expect(plain(now.decode(old))).toEqual({ count: 3, packed: [1, 2], note: 'none' });
    const fresh = now.encode({ count: 4, packed: new Uint8Array(), note: 'now' });
    await now.learnOf(fresh);
    expect(plain(now.decode(fresh))).toEqual({ count: 4, packed: [], note: 'now' });
  });

  it('says of bytes that are no record that they are corrupt', async () => {
    const codec = await openRecordCodec<State>('state', NOW, createMemorySchemaSource());
    const bytes = codec.encode({ count: 300, packed: new Uint8Array(9), note: 'n' });
    expect(() => codec.decode(bytes.subarray(0, 9))).toThrow('reading state');
  });
});

describe('a schema made of several files', () => {
  it('has each part once, where it is named first', () => {
    const whole = composeSchema(
      JSON.stringify({
        type: 'record',
        name: 'Whole',
        fields: [
          { name: 'a', type: 'Part' },
          { name: 'b', type: ['null', 'Part'] },
          { name: 'c', type: { type: 'array', items: 'Other' }, doc: 'Part' },
        ],
      }),
      {
        Part: JSON.stringify({ type: 'record', name: 'Part', fields: [] }),
        Other: JSON.stringify({
          type: 'record',
          name: 'Other',
          fields: [{ name: 'p', type: 'Part' }],
        }),
      },
    );
    expect(JSON.parse(whole)).toEqual({
      type: 'record',
      name: 'Whole',
      fields: [
        { name: 'a', type: { type: 'record', name: 'Part', fields: [] } },
        { name: 'b', type: ['null', 'Part'] },
        {
          name: 'c',
          type: {
            type: 'array',
            items: { type: 'record', name: 'Other', fields: [{ name: 'p', type: 'Part' }] },
          },
          doc: 'Part',
        },
      ],
    });
  });
});
