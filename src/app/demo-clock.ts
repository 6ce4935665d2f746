/**
 * The clock of a demo: first the history clock, then shop time at many times the speed of ours, up to
 * a moment where it stands still.
 */
import type { Clock } from '../ports/clock.ts';
import type { HistoryClock } from './history-clock.ts';

export interface DemoClock extends HistoryClock {
  isRunning(): boolean;
  /** From where it stands (or from `from`), `factor` times real time, to `until` and no further. */
  run(pace: { readonly from?: number; readonly factor: number; readonly until: number }): void;
  whenAt(moment: number): Promise<void>;
  /**
   * Go no further than this beyond now, until told again: a process that stands still for a second
   * must not find a minute gone by that it had no chance to live through.
   */
  leash(ms: number): void;
}

export function createDemoClock(real: Clock): DemoClock {
  let stood = 0;
  let factor = 0;
  let until = Infinity;
  let leashedTo = Infinity;
  let since = 0;
  const now = (): number =>
    factor === 0
      ? stood
      : Math.min(until, leashedTo, Math.floor(stood + (real.now() - since) * factor));
  const after = (ms: number, run: () => void): (() => void) =>
    real.after(factor === 0 ? 0 : Math.ceil(ms / factor), run);

  return {
    now,
    after,
    isRunning: () => factor > 0,
    reach: (at) => (stood = Math.max(stood, at)),
    run(pace) {
      stood = Math.max(now(), pace.from ?? 0);
      since = real.now();
      factor = pace.factor;
      until = pace.until;
      leashedTo = Infinity;
    },
    leash(ms) {
      stood = now();
      since = real.now();
      leashedTo = stood + ms;
    },
    whenAt: (moment) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (now() >= moment) resolve();
          else after(Math.min(moment - now(), 1_000 * factor), look);
        };
        look();
      }),
  };
}
