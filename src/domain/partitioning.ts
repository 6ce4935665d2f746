/**
 * Which partition a thing is on. A profile belongs to one of 1,024 fixed key groups, and a partition
 * holds the groups that are congruent to it; raw events go by the hash of their first identifier.
 */
import { hash32 } from './hash.ts';
import type { Pid } from './identity/identifier.ts';

const KEY_GROUPS = 1_024;

/** The group of a profile: ten bits of its pid. */
const keyGroupOf = (pid: Pid): number => Number.parseInt(pid.slice(-3), 16) % KEY_GROUPS;

export const partitionOf = (pid: Pid, partitions: number): number => keyGroupOf(pid) % partitions;

/** Any text to a partition. */
export const partitionOfText = (text: string, partitions: number): number =>
  (hash32(text) >>> 0) % partitions;

/** States are kept under tenant and pid. */
export const stateKeyOf = (tenant: string, pid: Pid): string => `${tenant}/${pid}`;

export const pidOfStateKey = (key: string): Pid => key.slice(key.lastIndexOf('/') + 1);
