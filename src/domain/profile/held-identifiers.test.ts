import { describe, expect, it } from 'vitest';
import type { StitchedIdentifier } from '../message.ts';
import {
  closeHeld,
  hold,
  identifiersOf,
  mergeHeld,
  noIdentifiers,
  release,
} from './held-identifiers.ts';

const of = (digest: string, accepted = true): StitchedIdentifier => ({
  type: 'member',
  scope: '',
  value: `会员 ${digest}`,
  digest,
  verified: false,
  accepted,
});

const change = (digest: string, validFrom: number, validTo: number | null) => ({
  type: 'member',
  scope: '',
  value: `会员 ${digest}`,
  digest,
  validFrom,
  validTo,
});

describe('held identifiers', () => {
  it('tell what is newly listed, once, and nothing of what was not accepted', () => {
    const held = noIdentifiers();
    expect(hold(held, [of('a'), of('b'), of('c', false)], 5, 9)).toEqual([
      change('a', 9, null),
      change('b', 9, null),
    ]);
    expect(hold(held, [of('b'), of('a')], 6, 10)).toEqual([]);
    expect(identifiersOf(held).map(({ digest }) => digest)).toEqual(['a', 'b']);
  });

  it('move first and last seen by minimum and maximum, and leave the others as they are', () => {
    const held = noIdentifiers();
    hold(held, [of('a'), of('b')], 5, 9);
    hold(held, [of('a')], 3, 10);
    hold(held, [of('b')], 8, 11);
    const seen = identifiersOf(held).map((one) => [one.firstSeen, one.lastSeen, one.since]);
    expect(seen).toEqual([
      [3, 5, 9],
      [5, 8, 9],
    ]);
  });

  it('merge as a union', () => {
    const into = noIdentifiers();
    const from = noIdentifiers();
    hold(into, [of('a')], 5, 9);
    hold(from, [of('a'), of('b')], -7, 8);
    expect(mergeHeld(into, from, 12)).toEqual([change('b', 12, null)]);
    const seen = identifiersOf(into).map((one) => [one.firstSeen, one.lastSeen, one.since]);
    expect(seen).toEqual([
      [-7, 5, 9],
      [-7, -7, 12],
    ]);
  });

  it('are closed as a whole, or given up one by one', () => {
    const held = noIdentifiers();
    hold(held, [of('a'), of('b')], 5, 9);
    expect(closeHeld(held, 20)).toEqual([change('a', 9, 20), change('b', 9, 20)]);
    expect(release(held, 'a', 20)).toEqual([change('a', 9, 20)]);
    expect(release(held, 'a', 21)).toEqual([]);
    expect(identifiersOf(held).map(({ value }) => value)).toEqual(['会员 b']);
  });
});
