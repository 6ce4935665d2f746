/**
 * The two generations of recent states as they are on disk, and what a process that opens them
 * finds: the newest version of each state, and how far the older generation is folded, so that a
 * process which never lives long enough to fold a whole one gets on all the same.
 */
import { WeftError } from '../../errors.ts';
import { isWhole } from './block.ts';
import { openBlockTable } from './block-table.ts';
import type { BlockTable, BytesTable } from './block-table.ts';
import type { Environment } from './environment.ts';
import { decodeStates } from './recent-block.ts';
import type { KeptState } from './recent-block.ts';

export interface RecentState extends KeptState {
  readonly generation: Generation;
}

export interface Generation {
  readonly blocks: BlockTable;
  bytes: number;
  /** Number of its last block. Numbers come again only where `progress` has been forgotten. */
  last: number;
}

/** The keys of a partition that are still to fold, from `at` on. */
export interface Folding {
  readonly partition: number;
  readonly keys: string[];
  sorted: boolean;
  at: number;
}

/** The generation whose last block this is has been folded up to and including this key. */
export interface FoldProgress {
  readonly last: number;
  readonly partition: number;
  readonly key: string;
}

/** By partition, then by key. */
export type RecentMaps = readonly Map<string, RecentState>[];

export interface OpenedGenerations {
  readonly older: Generation;
  readonly newer: Generation;
  readonly maps: RecentMaps;
  readonly progress: {
    /** Inside a transaction, both. */
    save(progress: FoldProgress): void;
    forget(): void;
  };
}

const PROGRESS_KEY = Buffer.of(0);

export function openGenerations(environment: Environment): OpenedGenerations {
  const maps: RecentMaps = Array.from({ length: environment.partitions }, () => new Map());
  const [first, second] = [openGeneration(environment, 0), openGeneration(environment, 1)];
  const [older, newer] = first.last > second.last ? [second, first] : [first, second];
  for (const generation of [older, newer]) restore(maps, generation);
  const table = environment.openTable<FoldProgress>('profile.folded', { encoding: 'json' });
  const found = table.get(PROGRESS_KEY);
  if (found?.last === older.last) dropFolded(maps, older, found);
  return {
    older,
    newer,
    maps,
    progress: {
      save: (progress) => table.putSync(PROGRESS_KEY, progress),
      forget: () => void table.removeSync(PROGRESS_KEY),
    },
  };
}

export function listFoldings(maps: RecentMaps, generation: Generation): readonly Folding[] {
  if (generation.bytes === 0) return [];
  return maps.map((map, partition) => {
    const keys: string[] = [];
    for (const [key, state] of map) if (state.generation === generation) keys.push(key);
    return { partition, keys, sorted: false, at: 0 };
  });
}

export function mapOf(maps: RecentMaps, partition: number): Map<string, RecentState> {
  const map = maps[partition];
  if (map === undefined) throw new Error(`the state plane has no partition ${partition}`);
  return map;
}

function openGeneration(environment: Environment, number: number): Generation {
  const table = (name: string): BytesTable => environment.openTable(name);
  const blocks = openBlockTable(table, `profile.recent.${number}`);
  let last = 0;
  for (let partition = 0; partition < environment.partitions; partition += 1) {
    last = Math.max(last, blocks.firsts(partition).at(-1) ?? 0);
  }
  return { blocks, bytes: 0, last };
}

function restore(maps: RecentMaps, generation: Generation): void {
  for (const [partition, map] of maps.entries()) {
    for (const number of generation.blocks.firsts(partition)) {
      const block = generation.blocks.read(partition, number);
      if (block === undefined || !isWhole(block)) throw damaged(partition);
      generation.bytes += block.length;
      for (const [key, { value, dueAt }] of decodeStates(block)) {
        map.set(key, { value, dueAt, generation });
      }
    }
  }
}

function dropFolded(maps: RecentMaps, generation: Generation, progress: FoldProgress): void {
  for (const [partition, map] of maps.entries()) {
    if (partition > progress.partition) return;
    for (const [key, state] of map) {
      const folded = partition < progress.partition || key <= progress.key;
      if (folded && state.generation === generation) map.delete(key);
    }
  }
}

const damaged = (partition: number): WeftError =>
  new WeftError(
    'corrupt_data',
    `opening the profile store, partition ${partition}: a block of recent states is missing or ` +
      `fails its checksum`,
  );
