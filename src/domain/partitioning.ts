/**
 * Which partition a thing is on. A profile belongs to one of 1,024 fixed key groups, and a partition
 * holds the groups that are congruent to it; raw events go by the hash of their first identifier.
 */
import type { Pid } from './identity/identifier.ts';

export const KEY_GROUPS = 1_024;

export const isPartitionCount = (count: number): boolean =>
  Number.isInteger(count) && count >= 1 && count <= KEY_GROUPS && (count & (count - 1)) === 0;

/** The group of a profile: ten bits of its pid. */
export const keyGroupOf = (pid: Pid): number => Number.parseInt(pid.slice(-3), 16) % KEY_GROUPS;

export const partitionOf = (pid: Pid, partitions: number): number => keyGroupOf(pid) % partitions;

/** FNV-1a over UTF-16 units, then mixed: any text to a partition. */
export function partitionOfText(text: string, partitions: number): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  hash ^= hash >>> 15;
  return (hash >>> 0) % partitions;
}

/** States are kept under tenant and pid. */
export const stateKeyOf = (tenant: string, pid: Pid): string => `${tenant}/${pid}`;

export const pidOfStateKey = (key: string): Pid => key.slice(key.lastIndexOf('/') + 1);
