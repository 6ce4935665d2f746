/**
 * The states of late, before they are in their table. A state in its place costs a page of its own,
 * wherever that is, and the disk is waited for; behind the others of its commit it costs what it is
 * long. So a commit writes one block, the newest version of each state is held in memory, and a
 * *fold* brings them to their tables later, in the order of keys, each once however often it
 * changed. (200 states with timers, 10,000 profiles: 3.1 ms a commit instead of 10.1, measured.)
 *
 * Two generations of blocks take turns: while one is written, the other is folded, a little with
 * every commit, so that it is empty when its turn comes. What must stay true: a state is in memory
 * until the transaction that folded it is on disk; blocks go only when all their states are folded
 * or replaced; whoever reads looks here first.
 */
import type { StateWrite } from '../../ports/profile-store.ts';
import type { Environment } from './environment.ts';
import { BLOCK_STATES_MAX, encodeStates } from './recent-block.ts';
import type { KeptState } from './recent-block.ts';
import { listFoldings, mapOf, openGenerations } from './recent-generations.ts';
import type { Folding, RecentState } from './recent-generations.ts';
import type { StateTables } from './state-tables.ts';

export interface RecentStates {
  get(partition: number, key: string): KeptState | undefined;
  entries(partition: number): ReadonlyMap<string, KeptState>;
  /** Inside a transaction: these states, as one block. */
  write(partition: number, writes: readonly StateWrite[]): void;
  /** Inside a transaction: brings some states to their tables. */
  fold(): void;
  /** Inside a transaction: everything of the partition goes. */
  forget(partition: number): void;
  /** The transaction is durable: what was done since the last one counts; else it never was. */
  settle(): void;
  discard(): void;
}

export interface RecentOptions {
  readonly environment: Environment;
  readonly tables: StateTables;
  /** A generation is folded once its blocks are this large; memory holds two at most. */
  readonly generationBytes: number;
}

/** How many are folded for each that is written: more than one, or it would not end in time. */
const FOLD_FACTOR = 1.25;

export function openRecentStates(options: RecentOptions): RecentStates {
  const { environment, tables } = options;
  const { maps, progress, ...generations } = openGenerations(environment);
  let { older, newer } = generations;
  let serial = newer.last;
  let folding = listFoldings(maps, older);
  /** What the transaction under way will have changed in memory. */
  let staged: (() => void)[] = [];
  let statesStaged = 0;

  const writeBlock = (partition: number, writes: readonly StateWrite[]): void => {
    const generation = newer;
    const { block, values } = encodeStates(writes);
    serial += 1;
    const at = serial;
    generation.blocks.write(partition, at, block);
    statesStaged += writes.length;
    staged.push(() => {
      const map = mapOf(maps, partition);
      generation.bytes += block.length;
      generation.last = at;
      writes.forEach(({ key, dueAfter }, i) =>
        map.set(key, { value: values[i] ?? null, dueAt: dueAfter, generation }),
      );
    });
  };

  /** Answers how many of the wanted it did not find. */
  const foldSome = (work: Folding, wanted: number): number => {
    const map = mapOf(maps, work.partition);
    if (!work.sorted) work.keys.sort();
    work.sorted = true;
    const done: (readonly [string, RecentState])[] = [];
    let { at } = work;
    for (; at < work.keys.length && done.length < wanted; at += 1) {
      const key = work.keys[at] ?? '';
      const state = map.get(key);
      // It may have changed again since: its newer version has its own turn.
      if (state?.generation !== older) continue;
      tables.write(work.partition, key, state);
      done.push([key, state]);
    }
    progress.save({ last: older.last, partition: work.partition, key: work.keys[at - 1] ?? '' });
    staged.push(() => {
      work.at = at;
      for (const [key, state] of done) if (map.get(key) === state) map.delete(key);
    });
    return wanted - done.length;
  };

  const finishFolding = (): void => {
    const generation = older;
    generation.blocks.clear();
    progress.forget();
    staged.push(() => {
      generation.bytes = 0;
      folding = [];
    });
  };

  return {
    get: (partition, key) => mapOf(maps, partition).get(key),
    entries: (partition) => mapOf(maps, partition),
    write(partition, writes) {
      for (let start = 0; start < writes.length; start += BLOCK_STATES_MAX) {
        writeBlock(partition, writes.slice(start, start + BLOCK_STATES_MAX));
      }
    },
    fold() {
      if (folding.length === 0) return;
      let wanted = Math.ceil(statesStaged * FOLD_FACTOR);
      for (const work of folding) {
        if (wanted > 0 && work.at < work.keys.length) wanted = foldSome(work, wanted);
      }
      if (wanted > 0) finishFolding();
    },
    forget(partition) {
      for (const { blocks } of [older, newer]) blocks.forget(partition);
      progress.forget();
      tables.clear(partition);
      staged.push(() => mapOf(maps, partition).clear());
    },
    settle() {
      const steps = staged;
      this.discard();
      for (const step of steps) step();
      if (folding.length > 0 || newer.bytes < options.generationBytes) return;
      [older, newer] = [newer, older];
      folding = listFoldings(maps, older);
    },
    discard() {
      staged = [];
      statesStaged = 0;
    },
  };
}
