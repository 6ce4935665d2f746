import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createMemorySchemaSource } from '../src/adapters/memory/schema-source.ts';
import type { Message, RawEvent } from '../src/domain/message.ts';
import { parseEvent } from '../src/domain/parse-event.ts';
import { openCodec } from '../src/runtime/codec.ts';
import { justReadOf, withEvent } from './just-read.ts';
import { normalise } from './normalise.ts';
import { SHAPES } from './shapes/shapes.ts';

const BODY = JSON.stringify({
  id: 'e1',
  source: 'pos',
  type: 'order_paid',
  at: 1_000,
  identifiers: [{ type: 'member', value: 'M1' }],
  order: { id: 'o1', total: 12.5 },
});

const rawOf = (changes: Partial<RawEvent> = {}): RawEvent => ({
  kind: 'raw',
  tenant: 'default',
  source: 'pos',
  receivedAt: 2_000,
  body: BODY,
  id: 'e1',
  history: false,
  triggers: true,
  wait: null,
  unreadable: null,
  ...changes,
});

/** As the edge reads it. */
function readAtTheEdge({ body, tenant, receivedAt, id }: RawEvent) {
  const context = { tenant, receivedAt, currency: 'CNY', fallbackId: id };
  const parsed = parseEvent(JSON.parse(body), context);
  if (!parsed.ok) throw new Error('the event of this test is not sound');
  return parsed.event;
}

async function rawCodec() {
  const text = readFileSync(new URL('../schemas/raw.avsc', import.meta.url), 'utf8');
  return openCodec<Message>('raw', text, createMemorySchemaSource(), SHAPES);
}

const eventIn = (message: Message | undefined) => {
  if (message?.kind !== 'raw') throw new TypeError('that is no raw event');
  return justReadOf(message);
};

describe('what the edge has just read', () => {
  it('is what the stage would read', () => {
    const event = readAtTheEdge(rawOf());
    const normalised = normalise(withEvent(rawOf(), event), { currency: 'CNY' });
    expect(normalised).toHaveProperty('event', event);
    expect(normalised).toEqual(normalise(rawOf(), { currency: 'CNY' }));
  });

  it.each([
    ['another text', { body: BODY.replace('12.5', '12.6') }],
    ['another moment', { receivedAt: 2_001 }],
    ['another tenant', { tenant: 'other' }],
    ['another source', { source: 'app' }],
    ['another id', { id: 'e2' }],
    ['history', { history: true }],
    ['nothing else', {}],
  ] as const)('does not go over to a copy with %s', (_, changes) => {
    const raw = withEvent(rawOf(), readAtTheEdge(rawOf()));
    expect(justReadOf({ ...raw, ...changes })).toBeUndefined();
    expect({ ...raw, ...changes }).toEqual(rawOf(changes));
  });

  it('is met again by who reads the bytes just written, and by nobody else', async () => {
    const event = readAtTheEdge(rawOf());
    const codec = await rawCodec();
    const bytes = codec.encode([withEvent(rawOf(), event)]);
    expect(bytes).toEqual((await rawCodec()).encode([rawOf()]));
    const [here] = codec.decode(codec.schema, bytes);
    const elsewhere = await rawCodec();
    const [there] = elsewhere.decode(elsewhere.schema, bytes);
    expect(eventIn(here)).toBe(event);
    expect(eventIn(there)).toBeUndefined();
    expect(there).toEqual(here);
  });
});
