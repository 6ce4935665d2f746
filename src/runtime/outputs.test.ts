import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createMemorySchemaSource } from '../adapters/memory/schema-source.ts';
import type { Message } from '../domain/message.ts';
import type { NewRecord } from '../ports/event-log.ts';
import type { OutboxRow } from '../ports/outbox.ts';
import { openCodec, type Codec } from './codec.ts';
import { event } from './counter-stage.contract.ts';
import { encodeEnvelope, ENVELOPE_MESSAGES_MAX, Outputs, publish } from './outputs.ts';

const TOPICS = ['events', 'actions', 'deliveries', 'changes', 'dead_letters'];

async function openCodecs(): Promise<Map<string, Codec<Message>>> {
  const source = createMemorySchemaSource();
  const codecs = new Map<string, Codec<Message>>();
  for (const name of TOPICS) {
    const text = readFileSync(new URL(`../../schemas/${name}.avsc`, import.meta.url), 'utf8');
    codecs.set(name, await openCodec<Message>(name, text, source));
  }
  return codecs;
}
const codecs = await openCodecs();

const change = (causeId: string): Message => ({
  kind: 'change',
  tenant: 'default',
  profile: 'a0',
  cause: 'event',
  causeId,
  at: 1,
  tags: [],
  identifiers: [],
});
const deadLetter: Message = {
  kind: 'dead_letter',
  tenant: 'default',
  origin: { topic: 'raw.pos', partition: 0, offset: 0, index: 0 },
  source: 'pos',
  code: 'invalid_event',
  reason: '',
  at: 1,
  body: new Uint8Array(),
};

/** The ids in each record, one list an envelope. */
const idsOf = (records: readonly NewRecord[]): readonly (readonly string[])[] =>
  records.map(({ topic, schema, value }) =>
    (codecs.get(topic) as Codec<Message>)
      .decode(schema, value)
      .map((message) => (message.kind === 'event' ? message.id : message.kind)),
  );

describe('what a turn publishes', () => {
  it('leaves in the order of topics, whatever order it was said in, then of partitions', () => {
    const outputs = new Outputs(codecs);
    outputs.add('dead_letters', 0, deadLetter);
    outputs.add('changes', 1, change('c'));
    outputs.add('changes', 0, change('c'));
    outputs.add('events', 1, event('a1', 'e'));
    outputs.add('events', 0, event('a0', 'e'));
    expect(outputs.records().map(({ topic, partition }) => `${topic} ${partition}`)).toEqual([
      'events 0',
      'events 1',
      'changes 0',
      'changes 1',
      'dead_letters 0',
    ]);
  });

  it('keeps the order it was said in within a partition, a hundred messages a record', () => {
    const outputs = new Outputs(codecs);
    const ids = Array.from({ length: 250 }, (_, i) => `e${i}`);
    for (const id of ids) outputs.add('events', 0, event('a0', id));
    const envelopes = idsOf(outputs.records());
    expect(envelopes.flat()).toEqual(ids);
    expect(envelopes.map((each) => each.length)).toEqual([
      ENVELOPE_MESSAGES_MAX,
      ENVELOPE_MESSAGES_MAX,
      50,
    ]);
  });

  it('fills no record with more than about 256 KB, unless one message alone is larger', () => {
    const outputs = new Outputs(codecs);
    const big = (id: string, kb: number): Message => ({
      ...event('a0', id),
      properties: JSON.stringify('x'.repeat(kb * 1024)),
    });
    for (const id of ['a', 'b', 'c']) outputs.add('events', 0, big(id, 100));
    outputs.add('events', 0, big('d', 400));
    outputs.add('events', 0, big('e', 1));
    expect(idsOf(outputs.records())).toEqual([['a', 'b'], ['c'], ['d'], ['e']]);
  });

  it('has the log time of the turn in a history run, and none of its own otherwise', () => {
    const outputs = new Outputs(codecs);
    expect(outputs.isEmpty).toBe(true);
    outputs.add('events', 0, event('a0', 'e'));
    expect(outputs.isEmpty).toBe(false);
    expect(outputs.records(77)[0]).toMatchObject({ logTime: 77 });
    expect(outputs.records()[0]).not.toHaveProperty('logTime');
  });

  it('can only be what its topic has a schema for', () => {
    expect(() => encodeEnvelope(codecs, 'events', [change('c')])).toThrow('no schema for change');
    expect(() => encodeEnvelope(codecs, 'nowhere', [])).toThrow('no schema for topic nowhere');
  });
});

describe('publishing', () => {
  const row = (sequence: number): OutboxRow => ({
    sequence,
    record: { topic: 'events', partition: 0, schema: 1, value: new Uint8Array([sequence]) },
  });
  const open = (append: () => Promise<void>) => {
    const heard: string[] = [];
    const log = {
      async append(records: readonly NewRecord[]) {
        heard.push(`append ${records.map((each) => each.value[0]).join(' ')}`);
        await append();
      },
    };
    const trim = async (sequence: number): Promise<void> => void heard.push(`trim ${sequence}`);
    // The one call of the log that publishing makes.
    const publishRows = (rows: readonly OutboxRow[]): Promise<void> =>
      publish(log as Parameters<typeof publish>[0], rows, trim);
    return { heard, publishRows };
  };

  it('appends everything in order, and only then says that it is in the log', async () => {
    const { heard, publishRows } = open(async () => undefined);
    await publishRows([row(4), row(5), row(6)]);
    expect(heard).toEqual(['append 4 5 6', 'trim 6']);
  });

  it('that fails trims nothing: the rows stay where the next owner finds them', async () => {
    const { heard, publishRows } = open(() => Promise.reject(new Error('the log is away')));
    await expect(publishRows([row(4)])).rejects.toThrow('away');
    expect(heard).toEqual(['append 4']);
  });

  it('of nothing asks nobody', async () => {
    const { heard, publishRows } = open(async () => undefined);
    await publishRows([]);
    expect(heard).toEqual([]);
  });
});
