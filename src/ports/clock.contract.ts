/** What every clock must honour, one sentence a test. Callbacks are waited for, never slept for. */
import { expect, it } from 'vitest';
import type { Clock } from './clock.ts';

export interface ClockHarness {
  open(): Clock;
  /** Lets `ms` of the clock pass; nothing where time passes by itself. */
  pass(clock: Clock, ms: number): void;
}

export function clockContract(harness: ClockHarness): void {
  it('shows whole milliseconds that never go back', async () => {
    const clock = harness.open();
    const seen = [clock.now()];
    for (let i = 0; i < 5; i += 1) {
      const reached = reach(clock, 1);
      harness.pass(clock, 1);
      await reached;
      seen.push(clock.now(), clock.now());
    }
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    expect(seen.every(Number.isSafeInteger)).toBe(true);
    expect(seen.at(-1)).toBeGreaterThanOrEqual((seen[0] ?? 0) + 5);
  });

  it.each([0, 1, 7, 40])('runs what was asked for after %i ms, not before', async (ms) => {
    const clock = harness.open();
    const dueAt = clock.now() + ms;
    const reached = reach(clock, ms);
    harness.pass(clock, ms);
    expect(await reached).toBeGreaterThanOrEqual(dueAt);
  });

  it('runs in the order of the moments, and in the order asked for at the same moment', async () => {
    const clock = harness.open();
    const order: string[] = [];
    const all = Promise.all([
      reach(clock, 60, () => order.push('last')),
      reach(clock, 2, () => order.push('first')),
      reach(clock, 30, () => order.push('middle')),
      reach(clock, 30, () => order.push('middle too')),
    ]);
    harness.pass(clock, 60);
    await all;
    expect(order).toEqual(['first', 'middle', 'middle too', 'last']);
  });

  it('never runs from inside the call that asked for it', () => {
    const clock = harness.open();
    let ran = false;
    const cancel = clock.after(0, () => {
      ran = true;
    });
    expect(ran).toBe(false);
    cancel();
  });

  it('runs once, and not at all when it was cancelled', async () => {
    const clock = harness.open();
    const ran: string[] = [];
    const cancel = clock.after(2, () => ran.push('cancelled'));
    const cancelLate = clock.after(1, () => ran.push('once'));
    cancel();
    const reached = reach(clock, 20);
    harness.pass(clock, 20);
    await reached;
    cancelLate();
    cancel();
    expect(ran).toEqual(['once']);
  });
}

/** Resolves with what the clock shows when it runs the callback. */
function reach(clock: Clock, ms: number, run: () => void = () => {}): Promise<number> {
  return new Promise((resolve) => {
    clock.after(ms, () => {
      run();
      resolve(clock.now());
    });
  });
}
