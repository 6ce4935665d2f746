/**
 * Events that no system may take: each kind is refused by a strict edge for its own reason, and
 * nothing of it may be left anywhere but in the dead letters.
 */
import type { Json, JsonObject, Source } from '../domain/event.ts';
import type { Sent } from './identities.ts';
import type { Random } from './random.ts';

export const POISON_KINDS = [
  'negative_quantity',
  'no_identifier',
  'wrong_type',
  'absurd_time',
  'prototype',
  'no_object',
  'absurd_money',
  'half_character',
] as const;
export type PoisonKind = (typeof POISON_KINDS)[number];

export interface Poisoned {
  readonly kind: PoisonKind;
  readonly body: Json;
}

export interface Antidote {
  readonly id: string;
  readonly source: Source;
  readonly at: string;
  readonly identifiers: readonly Sent[];
}

/** One of each kind as often as any other. */
export function poison(sound: Antidote, random: Random): Poisoned {
  const kind = random.pick(POISON_KINDS);
  return { kind, body: spoil(kind, sound, random) };
}

function spoil(kind: PoisonKind, { id, source, at, identifiers }: Antidote, random: Random): Json {
  const sound = { id, source, type: 'order_paid', at, identifiers };
  const item = { sku: 'P0001', name: '纯牛奶', quantity: 1, price: 9.9 };
  switch (kind) {
    case 'negative_quantity':
      return { ...sound, items: [{ ...item, quantity: -1 }] };
    case 'no_identifier':
      return { ...sound, identifiers: [] };
    case 'wrong_type':
      return random.chance(0.5) ? { ...sound, type: 42 } : { ...sound, items: '两件牛奶' };
    case 'absurd_time':
      return { ...sound, at: random.chance(0.5) ? '2026-13-45T25:61:00+08:00' : '昨天下午' };
    case 'prototype':
      return { ...sound, properties: JSON.parse('{"__proto__":{"isAdmin":true}}') as JsonObject };
    case 'no_object':
      return random.pick<Json>(['这不是事件', 42, null, ['order_paid']]);
    case 'absurd_money':
      return { ...sound, order: { id, total: 1e15, discount: 0, currency: 'CNY', coupons: [] } };
    case 'half_character':
      return { ...sound, properties: { note: '半个字\ud83d' } };
  }
}
