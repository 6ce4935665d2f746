/**
 * The states of late, before they are in their table. Writing a state in its place costs a page each,
 * wherever that is (measured: 50 µs of waiting for the disk); writing it behind the others of its commit
 * costs 3. So a commit writes one block, the newest version of each state is held in memory, and a *fold*
 * brings them to their tables later, in the order of keys, each once however often it changed.
 *
 * Two generations of blocks take turns: while one is written, the other is folded, a little with every
 * commit, so that it is empty when its turn comes. What must stay true: a state is in memory until the
 * transaction that folded it is on disk; blocks go only when all their states are folded or replaced;
 * whoever reads looks here first.
 */
import { WeftError } from '../../errors.ts';
import type { StateWrite } from '../../ports/profile-store.ts';
import { isWhole } from './block.ts';
import { openBlockTable } from './block-table.ts';
import type { BlockTable, BytesTable } from './block-table.ts';
import type { Environment } from './environment.ts';
import { BLOCK_STATES_MAX, decodeStates, encodeStates } from './recent-block.ts';
import type { KeptState } from './recent-block.ts';
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

interface RecentState extends KeptState {
  readonly generation: Generation;
}

interface Generation {
  readonly blocks: BlockTable;
  bytes: number;
}

/** The keys of a partition that are still to fold, from `at` on. */
interface Folding {
  readonly partition: number;
  readonly keys: string[];
  sorted: boolean;
  at: number;
}

type Maps = readonly Map<string, RecentState>[];

/** How many are folded for each that is written: more than one, or it would not end in time. */
const FOLD_FACTOR = 1.25;

export function openRecentStates(options: RecentOptions): RecentStates {
  const { environment, tables } = options;
  const maps: Maps = Array.from({ length: environment.partitions }, () => new Map());
  const restored = restore(maps, [open(environment, 0), open(environment, 1)]);
  let { older, newer, serial } = restored;
  let folding = listFoldings(maps, older);
  /** What the transaction under way will have changed in memory. */
  let staged: (() => void)[] = [];
  let statesStaged = 0;

  const writeBlock = (partition: number, writes: readonly StateWrite[]): void => {
    const generation = newer;
    const block = encodeStates(writes);
    serial += 1;
    generation.blocks.write(partition, serial, block);
    statesStaged += writes.length;
    staged.push(() => {
      const map = mapOf(maps, partition);
      generation.bytes += block.length;
      for (const [key, { value, dueAt }] of decodeStates(block)) {
        map.set(key, { value, dueAt, generation });
      }
    });
  };

  /** Answers how many of the wanted it did not find. */
  const foldSome = (work: Folding, wanted: number): number => {
    const map = mapOf(maps, work.partition);
    if (!work.sorted) work.keys.sort();
    work.sorted = true;
    const done: (readonly [string, RecentState])[] = [];
    let at = work.at;
    for (; at < work.keys.length && done.length < wanted; at += 1) {
      const key = work.keys[at] ?? '';
      const state = map.get(key);
      // It may have changed again since: its newer version has its own turn.
      if (state?.generation !== older) continue;
      tables.write(work.partition, key, state);
      done.push([key, state]);
    }
    staged.push(() => {
      work.at = at;
      for (const [key, state] of done) if (map.get(key) === state) map.delete(key);
    });
    return wanted - done.length;
  };

  const finishFolding = (): void => {
    const generation = older;
    generation.blocks.clear();
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
      for (const work of folding) if (wanted > 0) wanted = foldSome(work, wanted);
      if (wanted > 0) finishFolding();
    },
    forget(partition) {
      for (const { blocks } of [older, newer]) blocks.forget(partition);
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

function open(environment: Environment, number: number): Generation {
  const table = (name: string): BytesTable => environment.openTable(name);
  return { blocks: openBlockTable(table, `profile.recent.${number}`), bytes: 0 };
}

/** Fills the maps from the blocks, the generation with the latest block last. */
function restore(maps: Maps, generations: readonly [Generation, Generation]) {
  const lasts = generations.map(({ blocks }) =>
    Math.max(0, ...maps.map((_, partition) => blocks.firsts(partition).at(-1) ?? 0)),
  );
  const [first, second] = generations;
  const [older, newer] = (lasts[0] ?? 0) > (lasts[1] ?? 0) ? [second, first] : [first, second];
  for (const generation of [older, newer]) {
    for (const [partition, map] of maps.entries()) {
      for (const serial of generation.blocks.firsts(partition)) {
        const block = generation.blocks.read(partition, serial);
        if (block === undefined || !isWhole(block)) throw damaged(partition);
        generation.bytes += block.length;
        for (const [key, state] of decodeStates(block)) map.set(key, { ...state, generation });
      }
    }
  }
  return { older, newer, serial: Math.max(...lasts) };
}

function listFoldings(maps: Maps, generation: Generation): readonly Folding[] {
  if (generation.bytes === 0) return [];
  return maps.map((map, partition) => {
    const keys: string[] = [];
    for (const [key, state] of map) if (state.generation === generation) keys.push(key);
    return { partition, keys, sorted: false, at: 0 };
  });
}

function mapOf(maps: Maps, partition: number): Map<string, RecentState> {
  const map = maps[partition];
  if (map === undefined) throw new Error(`the state plane has no partition ${partition}`);
  return map;
}

const damaged = (partition: number): WeftError =>
  new WeftError(
    'corrupt_data',
    `opening the profile store, partition ${partition}: a block of recent states is missing or ` +
      `fails its checksum`,
  );
