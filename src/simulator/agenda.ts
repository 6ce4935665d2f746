/** Events that are planned and not yet handed out, by the slot of time in which they arrive. */
import type { SimulatedEvent } from './event.ts';
import type { Who } from './visit.ts';

interface Planned {
  readonly event: SimulatedEvent;
  /** undefined: it tells nothing of anybody (copies, poison). */
  readonly who: Who | undefined;
}

export interface Agenda {
  add(planned: Planned): void;
  /** The next that arrives in the slot, forgotten here; undefined: no more. Slots in their order. */
  take(slot: number): Planned | undefined;
}

export function createAgenda(from: number, slotMs: number): Agenda {
  const slots = new Map<number, Planned[]>();
  let opened = -1;
  let rest: Planned[] = [];
  return {
    add(planned) {
      const slot = Math.floor((planned.event.arriveAt - from) / slotMs);
      const there = slots.get(slot);
      if (there === undefined) slots.set(slot, [planned]);
      else there.push(planned);
    },
    take(slot) {
      if (slot !== opened) {
        opened = slot;
        rest = slots.get(slot) ?? [];
        slots.delete(slot);
        // Sorting is stable: at one moment what was planned first comes first. Taken from the end,
        // so that an old array never keeps young events alive.
        rest.sort((a, b) => a.event.arriveAt - b.event.arriveAt).reverse();
      }
      return rest.pop();
    },
  };
}
