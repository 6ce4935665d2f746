/** What a stretch of simulated time is: its bounds, its pace, its noise, and what it keeps clear of. */
import type { NoiseRates } from './noise.ts';
import type { Spacing } from './spacing.ts';
import type { Pace } from './visit.ts';
import type { World } from './world.ts';

export interface Stretch {
  readonly world: World;
  readonly from: number;
  /** Nothing arrives here or after. */
  readonly end: number;
  readonly slotMs: number;
  /** Visits may have begun this long before; and what falls outside is cut off, not given up. */
  readonly leadMs: number | undefined;
  /** How many ordinary events begin in the slot; fractions add up. */
  eventsIn(slotAt: number): number;
  readonly pace: Pace;
  readonly noise: NoiseRates;
  /** Late events may tell of what was before `from`, but not before this. */
  readonly earliest: number;
  /** Nothing may have happened then. */
  isClosed(at: number): boolean;
  /** undefined: nothing needs room around it. */
  readonly spacing: Spacing | undefined;
  readonly keepsCarts: boolean;
  /** Shoppers without a card or an account may get one on any visit. */
  readonly asksToJoin: boolean;
}
