import fc from 'fast-check';
import { expect, it } from 'vitest';
import { DueHeap } from './due-heap.ts';

it('gives timers by due time, then by key, whatever order they came in', () => {
  const due = fc.record({
    dueAt: fc.integer({ min: 0, max: 20 }),
    key: fc.string({ maxLength: 2 }),
  });
  fc.assert(
    fc.property(fc.array(due), (dues) => {
      const heap = new DueHeap();
      for (const each of dues) heap.push(each);
      const popped = dues.map(() => heap.pop());
      const sorted = dues.toSorted(
        (a, b) => a.dueAt - b.dueAt || (a.key < b.key ? -1 : a.key > b.key ? 1 : 0),
      );
      expect(popped).toEqual(sorted);
      expect(heap.pop()).toBeUndefined();
    }),
  );
});
