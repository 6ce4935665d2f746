/** A bound on how much of one kind of work is under way at once; the rest waits in line. */
export interface Gate {
  run<T>(work: () => Promise<T>): Promise<T>;
}

export function createGate(max: number): Gate {
  const line: (() => void)[] = [];
  let running = 0;
  /** Who comes next takes the place over: it is never free in between. */
  const leave = (): void => {
    const next = line.shift();
    if (next) next();
    else running -= 1;
  };
  return {
    async run(work) {
      if (running >= max) await new Promise<void>((resolve) => line.push(resolve));
      else running += 1;
      try {
        return await work();
      } finally {
        leave();
      }
    },
  };
}
