/**
 * One LMDB environment = one data directory = one process. It holds the log and every store, so
 * that a commit and its outputs are one transaction. What is written inside `write` is on disk when
 * it returns, or not there at all.
 *
 * lmdb-js as it is used here: only `transactionSync` (an asynchronous transaction ends the process
 * on a full disk), no `overlappingSync` (these wait for the flush all the same), a map that is
 * large from the start (growing leaves the old mapping behind).
 */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { open } from 'lmdb';
import type { Database, DatabaseOptions, Key, RootDatabase } from 'lmdb';
import { WeftError } from '../../errors.ts';
import type { Clock } from '../../ports/clock.ts';
import type {
  Bounds,
  LogRecord,
  NewRecord,
  ReadLimits,
  TopicPartition,
} from '../../ports/event-log.ts';
import { openDirectory } from './directory.ts';
import type { Directory, TopicSize } from './directory.ts';
import { createDisk } from './disk.ts';
import type { Disk, DiskState } from './disk.ts';
import { acquireLock } from './lock.ts';
import type { Lock } from './lock.ts';
import { SEGMENTS_MAX, TABLES_PER_SEGMENT, openSegments } from './segments.ts';
import type { Segments } from './segments.ts';
import { createSharedWrites } from './shared-write.ts';
import type { SharedWork } from './shared-write.ts';

export interface Environment {
  readonly dir: string;
  /** The log's id. */
  readonly id: string;
  /** Partitions of the state plane. */
  readonly partitions: number;
  /**
   * A table of its own, made if it is not there; binary keys and values unless asked otherwise. A
   * name has the same options every time. Not inside `write`.
   */
  openTable<V = Uint8Array, K extends Key = Uint8Array>(
    name: string,
    options?: DatabaseOptions,
  ): Database<V, K>;
  /**
   * Runs `work` as one transaction: durable when this returns, undone when it throws. Inside
   * another `write` it joins in. `work` must be synchronous. A full disk is `disk_guard`, another
   * failure of the store `store_unavailable`; what `work` itself throws comes through as it is.
   */
  write<T>(work: () => T): T;
  /** The same for who can wait a little: all who wait share one transaction and its flush. */
  share<T>(work: SharedWork<T>): Promise<T>;
  /** Runs now what waits to be shared. */
  flush(): void;
  /** Inside `write`: these records are part of the transaction. */
  appendInside(records: readonly NewRecord[]): void;
  /** Calls `listener` after each transaction that appended, with the partitions it touched. */
  onAppended(listener: (touched: readonly TopicPartition[]) => void): () => void;
  /** Partitions of a topic; 0 when there is no such topic. */
  countOf(topic: string): number;
  bounds(partition: TopicPartition): Bounds;
  /** Never waits. An offset no longer held is `corrupt_data`, naming what is missing. */
  read(partition: TopicPartition, from: number, limits: ReadLimits): readonly LogRecord[];
  /** Drops whole segments of the log whose records are all older than `time`. Answers how many. */
  dropBefore(time: number): number;
  diskState(): DiskState;
  /** Tells other processes where this one answers. */
  setAddress(address: string): void;
  close(): Promise<void>;
}

export interface EnvironmentOptions {
  readonly clock: Pick<Clock, 'now'>;
  readonly partitions: number;
  readonly topics: readonly TopicSize[];
  readonly ballastBytes?: number;
  readonly segmentBytes?: number;
  /** `DiskState.low` means less free than this, or than this share of the file system. */
  readonly guardBytes?: number;
  readonly guardShare?: number;
}

interface Parts {
  readonly dir: string;
  readonly lock: Lock;
  readonly root: RootDatabase;
  readonly directory: Directory;
  readonly segments: Segments;
  readonly disk: Disk;
  readonly tables: Map<string, Database>;
  readonly options: EnvironmentOptions;
}

/** Of everything in the directory, what is packed inside states and log included. */
const FORMAT = 3;
const BALLAST_BYTES = 6 * 1024 * 1024;
const SEGMENT_BYTES = 256 * 1024 * 1024;
const GUARD_BYTES = 1024 ** 3;
const GUARD_SHARE = 0.05;
/** Address space, neither memory nor disk. */
const MAP_BYTES = 2 ** 38;
const STORE_TABLES_MAX = 64;
/**
 * How much of the list of free pages LMDB keeps at hand. It sorts what a commit frees into that
 * list one by one: with the default of 50,000 a commit after a bulk load took 10 ms of CPU, with
 * this 1.7.
 */
const FREE_RUNS_MAX = 1_000;

/** In use by another process: `data_dir_in_use`; written by a newer Weft: `data_dir_newer`, or an older one: `data_dir_older`. */
export function openEnvironment(dir: string, options: EnvironmentOptions): Environment {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const lock = acquireLock(dir);
  let root: RootDatabase | undefined;
  try {
    checkFormat(dir);
    root = openRoot(join(dir, 'store'));
    return createEnvironment(openParts(dir, root, lock, options));
  } catch (error) {
    void root?.close();
    lock.release();
    throw error;
  }
}

function openRoot(path: string): RootDatabase {
  const options = {
    noSubdir: false,
    maxDbs: SEGMENTS_MAX * TABLES_PER_SEGMENT + STORE_TABLES_MAX,
    mapSize: MAP_BYTES,
    overlappingSync: false,
    // Not in the package's types.
    maxFreeSpaceToLoad: FREE_RUNS_MAX,
    maxFreeSpaceToRetain: 2 * FREE_RUNS_MAX,
  };
  return open(path, options);
}

function openParts(
  dir: string,
  root: RootDatabase,
  lock: Lock,
  options: EnvironmentOptions,
): Parts {
  const { partitions, topics, segmentBytes = SEGMENT_BYTES } = options;
  const directory = openDirectory({ root, dir, partitions, topics });
  const segments = openSegments({ root, directory, segmentBytes });
  const tables = new Map<string, Database>();
  const disk = createDisk({
    dir,
    root,
    tables: () => [directory.table, ...segments.tables(), ...tables.values()],
    ballastBytes: options.ballastBytes ?? BALLAST_BYTES,
    guardBytes: options.guardBytes ?? GUARD_BYTES,
    guardShare: options.guardShare ?? GUARD_SHARE,
  });
  return { dir, lock, root, directory, segments, disk, tables, options };
}

function createEnvironment(parts: Parts): Environment {
  const { dir, lock, root, directory, segments, disk, tables } = parts;
  const { clock, partitions } = parts.options;
  const listeners = new Set<(touched: readonly TopicPartition[]) => void>();
  let writing = false;

  const attempt = <T>(doing: string, work: () => T): T => {
    try {
      return work();
    } catch (error) {
      throw disk.explain(error, doing);
    }
  };

  const write = <T>(work: () => T): T => {
    if (writing) return work();
    let touched: readonly number[] = [];
    const result = attempt('writing', () => {
      segments.roll();
      writing = true;
      try {
        const answer = root.transactionSync(() => refusePromise(work()));
        touched = segments.settle();
        return answer;
      } finally {
        writing = false;
        segments.discard();
      }
    });
    if (touched.length > 0) {
      const ids = touched.map((id) => directory.partition(id));
      for (const listener of listeners) listener(ids);
    }
    return result;
  };
  const shared = createSharedWrites(write);

  return {
    dir,
    id: directory.id,
    partitions,
    openTable<V = Uint8Array, K extends Key = Uint8Array>(name: string, options?: DatabaseOptions) {
      if (writing) throw new Error(`table ${name} is opened inside a transaction`);
      const known = tables.get(name) as Database<V, K> | undefined;
      if (known !== undefined) return known;
      const table = attempt(`opening table ${name}`, () =>
        root.openDB<V, K>(name, { encoding: 'binary', keyEncoding: 'binary', ...options }),
      );
      tables.set(name, table as Database);
      return table;
    },
    write,
    share: (work) => shared.write(work),
    flush: () => shared.flush(),
    appendInside(records) {
      if (!writing) throw new Error('appendInside is called outside of write');
      segments.append(records, clock.now());
    },
    onAppended(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    countOf: (topic) => directory.count(topic),
    bounds: (partition) => segments.bounds(directory.idOf(partition)),
    read(partition, from, limits) {
      const id = directory.idOf(partition);
      const { first } = segments.bounds(id);
      if (from < first) throw missing(partition, from, first);
      return attempt('reading the log', () => segments.read(id, from, limits));
    },
    dropBefore(time) {
      const drop = (): number => attempt('dropping old segments', () => segments.dropBefore(time));
      try {
        return drop();
      } catch (error) {
        // The full disk may have cost the ballast, and dropping is what it is kept for.
        if (error instanceof WeftError && error.code === 'disk_guard') return drop();
        throw error;
      }
    },
    diskState: () => disk.state(),
    setAddress: (address) => lock.setAddress(address),
    async close() {
      shared.flush();
      listeners.clear();
      await root.close();
      lock.release();
    },
  };
}

/** LMDB would keep the transaction open, and take in what others write meanwhile. */
function refusePromise<T>(answer: T): T {
  if (typeof answer === 'object' && answer !== null && 'then' in answer) {
    throw new Error('the work of a transaction is asynchronous');
  }
  return answer;
}

/** Outside of LMDB, so that a Weft that cannot read the rest still can read this. */
function checkFormat(dir: string): void {
  const path = join(dir, 'format');
  const found = readFormat(path);
  if (found === FORMAT) return;
  if (found !== undefined) throw otherFormat(dir, found);
  const aside = `${path}.new`;
  writeFileSync(aside, `${FORMAT}\n`, { flush: true });
  renameSync(aside, path);
}

function otherFormat(dir: string, found: number): WeftError {
  const formats = `it has format ${found}, this Weft reads format ${FORMAT}`;
  if (found > FORMAT) {
    return new WeftError('data_dir_newer', `${dir} was made by a newer version: ${formats}`);
  }
  if (found < FORMAT) {
    const by = 'made by an older development version';
    return new WeftError('data_dir_older', `${dir} was ${by}: ${formats}`);
  }
  return new WeftError('corrupt_data', `${dir}: the file \`format\` does not hold a number`);
}

function readFormat(path: string): number | undefined {
  try {
    return Number.parseInt(readFileSync(path, 'utf8'), 10);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

const missing = ({ topic, partition }: TopicPartition, from: number, first: number): WeftError =>
  new WeftError(
    'corrupt_data',
    `reading topic ${topic}, partition ${partition}: offsets ${from} to ${first - 1} are ` +
      `no longer in the log`,
  );
