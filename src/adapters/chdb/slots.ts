/**
 * At most so many at a time, a bounded number waiting, in order of arrival. What finds the waiting
 * line full is refused at once.
 */
export interface Slots {
  /** Resolves to the function that gives the slot back; undefined: the line is full. */
  take(): Promise<(() => void) | undefined>;
  readonly taken: () => number;
}

export function createSlots(max: number, waitingMax: number): Slots {
  let taken = 0;
  const waiting: (() => void)[] = [];
  const free = (): void => {
    const next = waiting.shift();
    if (next) next();
    else taken -= 1;
  };
  const once = (): (() => void) => {
    let isFree = false;
    return () => {
      if (isFree) return;
      isFree = true;
      free();
    };
  };
  return {
    async take() {
      if (taken < max) taken += 1;
      else if (waiting.length >= waitingMax) return undefined;
      else await new Promise<void>((resolve) => waiting.push(resolve));
      return once();
    },
    taken: () => taken,
  };
}
