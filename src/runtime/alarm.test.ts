import { expect, it } from 'vitest';
import { createAlarm } from './alarm.ts';

it('tells whoever keeps the clock when a timer of any partition is due sooner, and only then', () => {
  const alarm = createAlarm();
  const heard: number[] = [];
  alarm.onSooner(() => heard.push(alarm.earliest()));
  expect(alarm.earliest()).toBe(Infinity);
  alarm.set(0, 500);
  alarm.set(1, 900);
  alarm.set(1, 300);
  alarm.set(1, 600);
  expect(heard).toEqual([500, 300]);
  expect(alarm.earliest()).toBe(500);
  alarm.set(0, Infinity);
  expect(alarm.earliest()).toBe(600);
  alarm.set(1, Infinity);
  expect(alarm.earliest()).toBe(Infinity);
});
