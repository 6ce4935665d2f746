// What cannot become an event is a dead letter that says why, in the words of whoever found out.
import { describe, expect, it } from 'vitest';
import type { RawEvent } from '../src/domain/message.ts';
import { normalise } from './normalise.ts';

const raw = (more: Partial<RawEvent>): RawEvent => ({
  kind: 'raw',
  tenant: 'default',
  source: 'app',
  receivedAt: Date.parse('2026-11-20T08:00:00Z'),
  body: '{"source":"app","type":"product_viewed","at":"2026-11-20T08:00:00Z","identifiers":[{"type":"member","value":"M1"}]}',
  id: 'row-7',
  history: true,
  triggers: false,
  wait: null,
  unreadable: null,
  ...more,
});

const options = { currency: 'CNY' };

describe('a raw event', () => {
  it('becomes an event, with the id given to it on arrival', () => {
    expect(normalise(raw({}), options)).toMatchObject({ kind: 'event', event: { id: 'row-7' } });
  });

  it.each([
    ['is not JSON', { body: '{broken' }, 'malformed_json', 'the body is not JSON'],
    [
      'is JSON, and no event',
      { body: '{"source":"moon"}' },
      'invalid_event',
      expect.stringContaining('/source: "moon" is none of pos, app'),
    ],
    [
      'comes from a row nobody could read',
      { body: '12;abc', unreadable: 'column 2 is no number: "abc"' },
      'unreadable_row',
      'column 2 is no number: "abc"',
    ],
  ])('that %s is dead, with its reason', (_, more, code, reason) => {
    expect(normalise(raw(more), options)).toMatchObject({ kind: 'dead', code, reason });
  });
});
