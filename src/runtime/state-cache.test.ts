import { describe, expect, it } from 'vitest';
import { StateCache, type CachedState } from './state-cache.ts';

const entry = (key: string): CachedState<string> => ({ key, state: key, dueAt: null, bytes: 0 });

describe('the cache of states', () => {
  it('grows as it must within a turn, and between turns keeps what was used last', () => {
    const cache = new StateCache<string>(3_000);
    for (const key of ['a', 'b', 'c', 'd']) cache.put(entry(key), 100);
    expect(cache.sizeBytes).toBe(4 * 700);
    cache.shrink();
    cache.put(entry('e'), 100);
    cache.get('a');
    cache.get('b');
    cache.shrink();
    expect(['a', 'b', 'c', 'd', 'e'].filter((key) => cache.get(key))).toEqual(['a', 'b', 'e']);
    expect(cache.sizeBytes).toBe(3 * 700);
  });

  it('holds no more between turns than it may, even when one turn loaded more than that', () => {
    const cache = new StateCache<string>(3_000);
    for (let turn = 0; turn < 20; turn++) {
      for (let each = 0; each < turn; each++) cache.put(entry(`${turn}/${each}`), 100);
      cache.shrink();
      expect(cache.sizeBytes).toBeLessThanOrEqual(3_000);
    }
  });

  it('counts a state once, by its latest size', () => {
    const cache = new StateCache<string>(1_000_000);
    cache.put(entry('a'), 1_000);
    cache.put(entry('a'), 10);
    expect(cache.sizeBytes).toBe(340);
  });

  it('knows that the store has nothing under a key, which is not the same as not knowing', () => {
    const cache = new StateCache<string>(1_000_000);
    cache.put({ key: 'nobody', state: undefined, dueAt: null, bytes: 0 }, 0);
    expect(cache.get('nobody')).toMatchObject({ state: undefined });
    expect(cache.get('somebody')).toBeUndefined();
  });

  it('is empty when it was cleared', () => {
    const cache = new StateCache<string>(1_000_000);
    cache.put(entry('a'), 10);
    cache.clear();
    expect(cache.get('a')).toBeUndefined();
    expect(cache.sizeBytes).toBe(0);
  });
});
