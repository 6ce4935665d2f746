import { describe, expect, it, vi } from 'vitest';
import { clockContract } from '../../ports/clock.contract.ts';
import { createManualClock, createScaledClock, createSystemClock } from './clock.ts';
import type { ManualClock } from './clock.ts';

describe('the system clock', () => {
  clockContract({ open: createSystemClock, pass() {} });
});

describe('a scaled clock over the system clock', () => {
  clockContract({
    open: () => createScaledClock({ start: 1_000, factor: 3, real: createSystemClock() }),
    pass() {},
  });
});

describe('a manual clock', () => {
  const manual = new WeakMap<object, ManualClock>();
  clockContract({
    open() {
      const clock = createManualClock(1_000);
      manual.set(clock, clock);
      return clock;
    },
    pass: (clock, ms) => manual.get(clock)?.advance(ms),
  });
});

describe('the system clock', () => {
  it('stands still while the machine’s clock is set back', () => {
    vi.useFakeTimers({ now: 5_000, toFake: ['Date'] });
    try {
      const clock = createSystemClock();
      expect(clock.now()).toBe(5_000);
      vi.setSystemTime(4_000);
      expect(clock.now()).toBe(5_000);
      vi.setSystemTime(5_001);
      expect(clock.now()).toBe(5_001);
    } finally {
      vi.useRealTimers();
    }
  });

  it('waits longer than one timer of Node can', () => {
    vi.useFakeTimers({ now: 0 });
    try {
      const month = 40 * 86_400_000;
      let ranAt = 0;
      createSystemClock().after(month, () => {
        ranAt = Date.now();
      });
      vi.advanceTimersByTime(month - 1);
      expect(ranAt).toBe(0);
      vi.advanceTimersByTime(1);
      expect(ranAt).toBe(month);
    } finally {
      vi.useRealTimers();
    }
  });
});

describe('a scaled clock', () => {
  it('begins where it is told and passes as many times faster', () => {
    const real = createManualClock(777);
    const clock = createScaledClock({ start: 1_000_000, factor: 60, real });
    expect(clock.now()).toBe(1_000_000);
    const ran: number[] = [];
    clock.after(60_000, () => ran.push(clock.now()));
    real.advance(999);
    expect(ran).toEqual([]);
    real.advance(1);
    expect(ran).toEqual([1_060_000]);
  });

  it('can be slower than the clock below it', () => {
    const real = createManualClock(0);
    const clock = createScaledClock({ start: 0, factor: 0.5, real });
    real.advance(101);
    expect(clock.now()).toBe(50);
  });
});

describe('a manual clock', () => {
  it('shows each callback its own moment, also one that a callback asked for', () => {
    const clock = createManualClock(0);
    const seen: string[] = [];
    clock.after(10, () => {
      seen.push(`a ${clock.now()}`);
      clock.after(5, () => seen.push(`b ${clock.now()}`));
    });
    clock.after(12, () => seen.push(`c ${clock.now()}`));
    clock.advance(100);
    expect(seen).toEqual(['a 10', 'c 12', 'b 15']);
    expect(clock.now()).toBe(100);
  });
});
