/**
 * Which of their identifiers each shopper has shown, and which of those in one event: a byte for each
 * shopper and slot, whatever the length of the stream.
 */
import { SLOTS } from './identities.ts';

export interface Groups {
  /** One event showed these slots of the shopper together; a bit each. */
  join(shopper: number, mask: number): void;
  /** Slots by group; within a group a path of events leads from each to each. */
  of(shopper: number): readonly (readonly number[])[];
  readonly shoppersSeen: number;
}

const SLOT_COUNT = SLOTS.length;

export function createGroups(shoppers: number): Groups {
  // 0: not seen; else the label of the group, which is the number of a slot + 1.
  const labels = new Uint8Array(shoppers * SLOT_COUNT);
  const lastMasks = new Uint16Array(shoppers);
  let shoppersSeen = 0;
  return {
    join(shopper, mask) {
      const last = lastMasks[shopper] as number;
      if (last === mask) return;
      if (last === 0) shoppersSeen++;
      lastMasks[shopper] = mask;
      joinRow(labels.subarray(shopper * SLOT_COUNT, (shopper + 1) * SLOT_COUNT), mask);
    },
    of(shopper) {
      const groups = new Map<number, number[]>();
      for (let slot = 0; slot < SLOT_COUNT; slot++) {
        const label = labels[shopper * SLOT_COUNT + slot] as number;
        if (label === 0) continue;
        const group = groups.get(label);
        if (group === undefined) groups.set(label, [slot]);
        else group.push(slot);
      }
      return [...groups.values()];
    },
    get shoppersSeen() {
      return shoppersSeen;
    },
  };
}

/** All slots of the mask get one label: the least that any of them has, or could have. */
function joinRow(row: Uint8Array, mask: number): void {
  let least = SLOT_COUNT + 1;
  for (let slot = 0; slot < SLOT_COUNT; slot++) {
    if ((mask & (1 << slot)) !== 0) least = Math.min(least, (row[slot] as number) || slot + 1);
  }
  for (let slot = 0; slot < SLOT_COUNT; slot++) {
    if ((mask & (1 << slot)) === 0) continue;
    const label = row[slot] as number;
    row[slot] = least;
    if (label === 0 || label === least) continue;
    for (let other = 0; other < SLOT_COUNT; other++) if (row[other] === label) row[other] = least;
  }
}
