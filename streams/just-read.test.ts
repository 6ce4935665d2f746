import { describe, expect, it } from 'vitest';
import type { RawEvent } from '../src/domain/message.ts';
import { parseEvent } from '../src/domain/parse-event.ts';
import { createJustRead } from './just-read.ts';
import { normalise } from './normalise.ts';

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

function keptOf(raw: RawEvent) {
  const justRead = createJustRead();
  const event = readAtTheEdge(raw);
  justRead.keep(raw, event);
  return { justRead, event };
}

describe('what the edge has just read', () => {
  it('is what the stage would read, and is handed out once', () => {
    const { justRead, event } = keptOf(rawOf());
    const [first, second] = [1, 2].map(() => normalise(rawOf(), { currency: 'CNY', justRead }));
    expect(first).toHaveProperty('event', event);
    expect(second).not.toBe(first);
    expect(second).toEqual(first);
    expect(justRead.take(rawOf())).toBeUndefined();
  });

  it.each([
    ['another text', { body: BODY.replace('12.5', '12.6') }],
    ['another moment', { receivedAt: 2_001 }],
    ['another tenant', { tenant: 'other' }],
    ['another source', { source: 'app' }],
    ['another id', { id: 'e2' }],
    ['history', { history: true }],
  ] as const)('is not taken for that of %s', (_, changes) => {
    expect(keptOf(rawOf()).justRead.take(rawOf(changes))).toBeUndefined();
  });

  it('is not kept where the text is long', () => {
    const raw = rawOf({ body: BODY + ' '.repeat(2_000) });
    expect(keptOf(raw).justRead.take(raw)).toBeUndefined();
  });

  it('is forgotten where nobody takes it', () => {
    const { justRead, event } = keptOf(rawOf());
    for (let i = 0; i < 20_000; i++) justRead.keep(rawOf({ id: `more-${i}` }), event);
    expect(justRead.take(rawOf())).toBeUndefined();
    expect(justRead.take(rawOf({ id: 'more-19999' }))).toBe(event);
  });
});
