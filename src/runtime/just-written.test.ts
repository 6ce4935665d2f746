import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createMemorySchemaSource } from '../adapters/memory/schema-source.ts';
import type { Message } from '../domain/message.ts';
import { SHAPES } from '../../streams/shapes/shapes.ts';
import { openCodec } from './codec.ts';
import { event } from './counter-stage.contract.ts';
import { createJustWritten } from './just-written.ts';

const bytesOf = (text: string, length = 100): Buffer => Buffer.alloc(length, text);

describe('what was just written', () => {
  it('is found by the same bytes, wherever they lie', () => {
    const written = createJustWritten<string>();
    const messages = ['a'];
    written.keep(bytesOf('a'), messages);
    expect(written.find(Buffer.concat([bytesOf('a')]))).toBe(messages);
  });

  it('is not found by others, however alike', () => {
    const written = createJustWritten<string>();
    const long = bytesOf('a', 10_000);
    written.keep(long, ['a']);
    for (let at = 0; at < long.length; at += 1) {
      const other = Buffer.from(long);
      other[at] = 0;
      expect(written.find(other)).toBeUndefined();
    }
    expect(written.find(long.subarray(1))).toBeUndefined();
  });

  it('is forgotten, the oldest first, when it is too many bytes', () => {
    const written = createJustWritten<string>();
    const texts = ['a', 'b', 'c', 'd', 'e', 'f'];
    for (const text of texts) written.keep(bytesOf(text, 300_000), [text]);
    const found = texts.map((text) => written.find(bytesOf(text, 300_000))?.[0]);
    expect(found).toEqual([undefined, undefined, undefined, 'd', 'e', 'f']);
    written.keep(bytesOf('g', 2_000_000), ['g']);
    expect(written.find(bytesOf('g', 2_000_000))).toBeUndefined();
  });

  it('is forgotten, the oldest first, when it is too many envelopes', () => {
    const written = createJustWritten<number>();
    for (let i = 0; i < 3_000; i += 1) written.keep(bytesOf(`n${i}`), [i]);
    expect(written.find(bytesOf('n1975'))).toBeUndefined();
    expect(written.find(bytesOf('n1976'))).toEqual([1_976]);
    expect(written.find(bytesOf('n2999'))).toEqual([2_999]);
  });
});

describe('a codec that has just written', () => {
  const text = readFileSync(new URL('../../schemas/events.avsc', import.meta.url), 'utf8');
  const open = () => openCodec<Message>('events', text, createMemorySchemaSource(), SHAPES);
  const sent = event('a0', 'e1');

  it('hands out the messages themselves, as often as they are read', async () => {
    const codec = await open();
    const messages: Message[] = [sent];
    const bytes = codec.encode(messages);
    messages.push(sent);
    expect(codec.decode(codec.schema, Buffer.from(bytes))).toEqual([sent]);
    expect(codec.decode(codec.schema, Buffer.from(bytes))[0]).toBe(sent);
  });

  it('reads what is not the same once it is read', async () => {
    const transfer: Message = {
      kind: 'transfer',
      tenant: 'default',
      mergeId: 'm',
      survivor: 'a',
      origin: 'b',
      state: new Uint8Array([1]),
      hops: 0,
      history: false,
      wait: null,
    };
    const unlike: readonly Message[] = [
      transfer,
      { ...sent, cart: '\ud800' },
      { ...sent, properties: `"${'\ud800'.repeat(100)}"` },
      { ...sent, at: -0 },
    ];
    const [codec, other] = [await open(), await open()];
    for (const message of unlike) {
      const bytes = codec.encode([message]);
      const [read] = codec.decode(codec.schema, bytes);
      expect(read).not.toBe(message);
      expect(read).toEqual(other.decode(other.schema, bytes)[0]);
    }
  });
});
