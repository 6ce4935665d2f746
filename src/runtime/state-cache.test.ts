import { describe, expect, it } from 'vitest';
import { StateCache, type CachedState } from './state-cache.ts';

const entry = (key: string): CachedState<string> => ({
  key,
  kept: null,
  state: key,
  dueAt: null,
  bytes: 0,
});
const bytes = (length: number): Uint8Array => new Uint8Array(length).fill(7);

describe('the cache of states', () => {
  it('grows as it must within a turn, and between turns keeps what was used last', () => {
    const cache = new StateCache<string>(3_500);
    for (const key of ['a', 'b', 'c', 'd']) cache.put(entry(key), bytes(100));
    expect(cache.sizeBytes).toBe(4 * (600 + 141));
    cache.shrink();
    cache.put(entry('e'), bytes(100));
    cache.get('a');
    cache.get('b');
    cache.shrink();
    expect(['a', 'b', 'c', 'd', 'e'].filter((key) => cache.get(key))).toEqual(['a', 'b', 'e']);
    expect(cache.sizeBytes).toBe(3 * (600 + 141));
  });

  it('holds no more between turns than it may, even when one turn loaded more than that', () => {
    const cache = new StateCache<string>(3_500);
    for (let turn = 0; turn < 20; turn++) {
      for (let each = 0; each < turn; each++) cache.put(entry(`${turn}/${each}`), bytes(100));
      cache.shrink();
      expect(cache.sizeBytes).toBeLessThanOrEqual(3_500);
    }
  });

  it('counts a state once, by its latest size', () => {
    const cache = new StateCache<string>(1_000_000);
    cache.put(entry('a'), bytes(1_000));
    cache.put(entry('a'), bytes(10));
    expect(cache.sizeBytes).toBe(600 + 28);
  });

  it('knows that the store has nothing under a key, which is not the same as not knowing', () => {
    const cache = new StateCache<string>(1_000_000);
    cache.put(entry('nobody'), null);
    expect(cache.get('nobody')).toMatchObject({ kept: null, state: undefined });
    expect(cache.get('somebody')).toBeUndefined();
  });

  it('keeps the bytes of a state, not its objects, and what was given is left alone', () => {
    const cache = new StateCache<string>(1_000_000);
    const one = entry('a');
    const first = bytes(100);
    cache.put(one, first);
    expect(one.state).toBeUndefined();
    cache.put(one, bytes(90).fill(8));
    expect(one.kept).toEqual(Buffer.from(bytes(90).fill(8)));
    expect(first).toEqual(bytes(100));
  });

  it('is empty when it was cleared', () => {
    const cache = new StateCache<string>(1_000_000);
    cache.put(entry('a'), bytes(10));
    cache.clear();
    expect(cache.get('a')).toBeUndefined();
    expect(cache.sizeBytes).toBe(0);
  });
});
