/**
 * States and their timers as tables, by key. Each row says itself under which moment it is in the
 * index, so whoever replaces it need not know.
 *
 *   profile.states  partition, key       u48 due (0xffffffffffff: never) · state
 *   profile.timers  partition, due, key  nothing
 */
import type { DueTimer } from '../../ports/profile-store.ts';
import type { BytesTable } from './block-table.ts';
import type { Environment } from './environment.ts';
import { DUE_MAX, createProfileKeys, readKey, readTimerKey } from './profile-keys.ts';
import type { KeptState } from './recent-block.ts';

export interface StateTables {
  read(partition: number, key: string): Buffer | undefined;
  /** Inside a transaction: the state and its place in the index. */
  write(partition: number, key: string, state: KeptState): void;
  /** By moment, then by key, up to and including `until`. To be left before anything is written. */
  due(partition: number, until: number): Iterable<DueTimer>;
  /** The next states by key, behind `after`. */
  chunk(
    partition: number,
    after: string | null,
    limit: number,
  ): readonly (readonly [key: string, state: Buffer])[];
  /** Inside a transaction: everything of the partition goes. */
  clear(partition: number): void;
}

const DUE_BYTES = 6;
const NEVER = DUE_MAX + 1;
const CLEAR_CHUNK = 1_000;
const NOTHING = Buffer.alloc(0);

export function openStateTables(environment: Environment): StateTables {
  const keys = createProfileKeys(environment.partitions);
  const states: BytesTable = environment.openTable('profile.states');
  const timers: BytesTable = environment.openTable('profile.timers');
  let row = Buffer.alloc(8 * 1024);

  const encode = (value: Buffer, dueAt: number | null): Buffer => {
    const size = DUE_BYTES + value.length;
    if (row.length < size) row = Buffer.alloc(2 * size);
    row.writeUIntBE(dueAt ?? NEVER, 0, DUE_BYTES);
    row.set(value, DUE_BYTES);
    return row.subarray(0, size);
  };
  const dueOf = (partition: number, key: string): number | null => {
    const due = states.getBinaryFast(keys.state(partition, key))?.readUIntBE(0, DUE_BYTES);
    return due === undefined || due === NEVER ? null : due;
  };

  return {
    read: (partition, key) => states.getBinary(keys.state(partition, key))?.subarray(DUE_BYTES),
    write(partition, key, { value, dueAt }) {
      const dueBefore = dueOf(partition, key);
      const dueAfter = value === null ? null : dueAt;
      if (value === null) states.removeSync(keys.state(partition, key));
      else states.putSync(keys.state(partition, key), encode(value, dueAfter));
      if (dueBefore === dueAfter) return;
      if (dueBefore !== null) timers.removeSync(keys.timer(partition, dueBefore, key));
      if (dueAfter !== null) timers.putSync(keys.timer(partition, dueAfter, key), NOTHING);
    },
    *due(partition, until) {
      if (until < 0) return;
      const start = Buffer.from(keys.partition(partition));
      const last = Math.min(Math.floor(until), DUE_MAX);
      const end = Buffer.from(keys.timer(partition, last + 1, ''));
      for (const key of timers.getKeys({ start, end })) yield readTimerKey(key);
    },
    chunk(partition, after, limit) {
      const end = keys.end(partition);
      const start = Buffer.from(
        after === null ? keys.partition(partition) : keys.state(partition, `${after}\0`),
      );
      return [...states.getRange({ start, end, limit })].map(({ key, value }) => [
        readKey(key),
        Buffer.from(value.buffer, value.byteOffset, value.length).subarray(DUE_BYTES),
      ]);
    },
    clear(partition) {
      const start = Buffer.from(keys.partition(partition));
      const end = keys.end(partition);
      for (const table of [states, timers]) {
        for (;;) {
          const found = [...table.getKeys({ start, end, limit: CLEAR_CHUNK })];
          for (const key of found) table.removeSync(key);
          if (found.length < CLEAR_CHUNK) break;
        }
      }
    },
  };
}
