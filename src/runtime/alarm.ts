/**
 * When the next timer of any partition of this process is due, for whoever keeps the clock: told by
 * the stage that holds the timers, heard by the one that appends markers. Only a hint; a timer fires
 * by the clock in the log, never by this.
 */
export interface Alarm {
  /** Infinity: none. */
  set(partition: number, dueAt: number): void;
  /** Infinity: none. */
  earliest(): number;
  onSooner(listener: () => void): void;
}

export function createAlarm(): Alarm {
  const dueAts = new Map<number, number>();
  const listeners: (() => void)[] = [];
  let earliest = Infinity;

  return {
    set(partition, dueAt) {
      dueAts.set(partition, dueAt);
      const before = earliest;
      earliest = Math.min(...dueAts.values());
      if (earliest < before) for (const listener of listeners) listener();
    },
    earliest: () => earliest,
    onSooner(listener) {
      listeners.push(listener);
    },
  };
}
