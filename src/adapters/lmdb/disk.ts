/**
 * How much room there is, and what an error of LMDB means: a full disk is foreseen (`low`), and
 * when it comes all the same the ballast goes, so that the work already accepted can be finished.
 */
import { statfsSync } from 'node:fs';
import { join } from 'node:path';
import type { Database, RootDatabase } from 'lmdb';
import { WeftError, messageOf } from '../../errors.ts';
import { createBallast } from './ballast.ts';

export interface DiskState {
  /** Free on the file system for this user. */
  readonly freeBytes: number;
  /** Free inside the file: LMDB uses these first, and never gives them back. */
  readonly reusableBytes: number;
  readonly fileBytes: number;
  /** Nothing new should be accepted; work under way goes on. */
  readonly low: boolean;
}

export interface DiskOptions {
  readonly dir: string;
  readonly root: RootDatabase;
  readonly tables: () => Iterable<Database>;
  readonly ballastBytes: number;
  /** `low` means less free than this, or than this share of the file system. */
  readonly guardBytes: number;
  readonly guardShare: number;
}

export interface Disk {
  state(): DiskState;
  /** Turns what LMDB threw into what Weft says; gives the ballast back on a full disk. */
  explain(error: unknown, doing: string): unknown;
}

interface TableStats {
  readonly pageSize: number;
  readonly treeBranchPageCount: number;
  readonly treeLeafPageCount: number;
  readonly overflowPages: number;
}

interface RootStats extends TableStats {
  readonly root: TableStats;
  readonly free: TableStats;
  readonly lastPageNumber: number;
}

/** ENOSPC, EDQUOT, EFBIG, and LMDB's own "map full". */
const FULL_CODES: ReadonlySet<number> = new Set([28, 122, 27, -30792]);
/** EIO: what LMDB says of a short write, so what a full disk looks like as well. */
const IO_CODE = 5;
/** Less room than this, and an I/O error is taken for a full disk. */
const FULL_BYTES = 16 * 1024 * 1024;
/** The ballast comes back once there is room for it this many times. */
const BALLAST_ROOM = 4;
const META_PAGES = 2;

export function createDisk(options: DiskOptions): Disk {
  const { dir } = options;
  const ballast = createBallast(join(dir, 'ballast'), options.ballastBytes);
  const guard = (totalBytes: number): number =>
    Math.max(options.guardBytes, totalBytes * options.guardShare);

  const state = (): DiskState => {
    const { bavail, blocks, bsize } = statfsSync(dir);
    const freeBytes = bavail * bsize;
    if (freeBytes > BALLAST_ROOM * options.ballastBytes) ballast.hold();
    const { fileBytes, usedBytes } = measureFile(options);
    const reusableBytes = Math.max(0, fileBytes - usedBytes);
    const low = freeBytes + reusableBytes < guard(blocks * bsize);
    return { freeBytes, reusableBytes, fileBytes, low };
  };
  state();

  return {
    state,
    explain(error, doing) {
      const code = codeOf(error);
      if (code === undefined) return error;
      if (FULL_CODES.has(code) || (code === IO_CODE && freeBytesOf(dir) < FULL_BYTES)) {
        ballast.drop();
        return new WeftError('disk_guard', `${doing}: the disk that holds ${dir} is full`, {
          cause: error,
        });
      }
      return new WeftError('store_unavailable', `${doing} in ${dir}: ${messageOf(error)}`, {
        cause: error,
      });
    },
  };
}

/** The size of LMDB's file, and of the pages that hold something. */
function measureFile({ root, tables }: DiskOptions): {
  readonly fileBytes: number;
  readonly usedBytes: number;
} {
  const { free, root: main, lastPageNumber, pageSize } = root.getStats() as RootStats;
  let pages = META_PAGES + pagesOf(main) + pagesOf(free);
  for (const table of tables()) pages += pagesOf(table.getStats() as TableStats);
  return { fileBytes: (lastPageNumber + 1) * pageSize, usedBytes: pages * pageSize };
}

const pagesOf = (stats: TableStats): number =>
  stats.treeBranchPageCount + stats.treeLeafPageCount + stats.overflowPages;

const freeBytesOf = (dir: string): number => {
  const { bavail, bsize } = statfsSync(dir);
  return bavail * bsize;
};

/** LMDB's errors carry a number; those of Node and our own do not. */
function codeOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'number' ? error.code : undefined;
}
