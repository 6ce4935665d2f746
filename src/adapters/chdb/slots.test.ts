import { describe, expect, it } from 'vitest';
import { createSlots } from './slots.ts';

describe('slots', () => {
  it('are given in order of arrival, and refused when the line is full', async () => {
    const slots = createSlots(1, 1);
    const first = await slots.take();
    const order: string[] = [];
    const second = slots.take().then((free) => {
      order.push('second');
      return free;
    });
    expect(await slots.take()).toBeUndefined();
    expect(order).toEqual([]);
    first?.();
    first?.();
    (await second)?.();
    expect(order).toEqual(['second']);
    expect(slots.taken()).toBe(0);
  });
});
