import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createMemorySchemaSource } from '../../src/adapters/memory/schema-source.ts';
import type { Message } from '../../src/domain/message.ts';
import { openCodec } from '../../src/runtime/codec.ts';
import { event } from '../../src/runtime/counter-stage.contract.ts';
import { SHAPES } from './shapes.ts';

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
