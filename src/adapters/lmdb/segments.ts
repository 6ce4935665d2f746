/**
 * The log inside the environment: for every partition of every topic a run of records without gaps,
 * kept in segments (one table each) that are dropped whole. What one append brings for a partition is
 * stored as blocks of consecutive records under the first one's offset: a block costs one put, one
 * get and one checksum, however many records it holds. Ends are in memory; they move only once the
 * transaction that wrote the records is on disk.
 */
import type { Database, RootDatabase } from 'lmdb';
import { WeftError } from '../../errors.ts';
import type {
  Bounds,
  LogRecord,
  NewRecord,
  ReadLimits,
  TopicPartition,
} from '../../ports/event-log.ts';
import { createBlockEncoder, decodeBlock, endOfBlock, measureBlock } from './block.ts';
import type { BlockEnd } from './block.ts';
import type { Directory, SegmentEntry } from './directory.ts';

export interface Segments {
  /** Inside a transaction only. */
  append(records: readonly NewRecord[], now: number): void;
  /** The transaction is durable: what was appended counts. Answers the partitions it touched. */
  settle(): readonly number[];
  /** The transaction was aborted: forget what it appended. */
  discard(): void;
  /** Starts another segment when the current one is full. Outside of transactions. */
  roll(): void;
  read(id: number, from: number, limits: ReadLimits): readonly LogRecord[];
  bounds(id: number): Bounds;
  /**
   * Drops the oldest segments as long as all their records are older than `time`; the current one
   * stays. Answers how many went.
   */
  dropBefore(time: number): number;
  tables(): readonly Database[];
}

export interface SegmentOptions {
  readonly root: RootDatabase;
  readonly directory: Directory;
  /** A segment that holds this much is closed. */
  readonly segmentBytes: number;
}

type Table = Database<Buffer, Uint8Array>;

interface Segment {
  readonly entry: SegmentEntry;
  table: Table;
  bytes: number;
}

interface TableStats {
  readonly pageSize: number;
  readonly treeBranchPageCount: number;
  readonly treeLeafPageCount: number;
  readonly overflowPages: number;
}

/** Each is a table, and the number of tables is fixed when an environment is opened. */
export const SEGMENTS_MAX = 512;
const KEY_BYTES = 8;
const OFFSET_MAX = 2 ** 48 - 1;

export function openSegments(options: SegmentOptions): Segments {
  const { root, directory } = options;
  const segments = directory.segments().map((entry) => openSegment(root, entry));
  if (segments.length === 0) segments.push(startSegment(options, 0, []));
  const ends = directory.partitions.map((_, id) => findEnd(segments, id));
  const encode = createBlockEncoder();
  const key = Buffer.alloc(KEY_BYTES);
  let staged = new Map<number, BlockEnd>();
  let stagedBytes = 0;

  const stage = (id: number): BlockEnd => {
    const end = staged.get(id) ?? { ...at(ends, id) };
    staged.set(id, end);
    return end;
  };
  const last = (): Segment => at(segments, segments.length - 1);

  return {
    append(records, now) {
      const { table } = last();
      for (const [id, group] of groupById(directory, records)) {
        const end = stage(id);
        for (let start = 0; start < group.length;) {
          const stop = measureBlock(group, start);
          writeKey(key, id, end.next);
          const block = encode(group.slice(start, stop), now, end);
          table.putSync(key, block);
          stagedBytes += block.length;
          start = stop;
        }
      }
    },
    settle() {
      const touched = [...staged.keys()];
      for (const [id, end] of staged) ends[id] = end;
      last().bytes += stagedBytes;
      staged = new Map();
      stagedBytes = 0;
      return touched;
    },
    discard() {
      staged = new Map();
      stagedBytes = 0;
    },
    roll() {
      if (isFull(segments, options.segmentBytes)) {
        segments.push(startSegment(options, last().entry.number + 1, ends));
      }
    },
    read(id, from, limits) {
      const partition = directory.partition(id);
      const { next } = at(ends, id);
      const records: LogRecord[] = [];
      let bytes = 0;
      for (let offset = from; offset < next;) {
        const found = findBlock(segmentOf(segments, id, offset), key, id, offset);
        const decoded = found && decodeBlock(found.block, partition, found.first, offset);
        if (decoded === undefined || decoded.length === 0) throw damaged(partition, offset);
        for (const record of decoded) {
          records.push(record);
          bytes += record.value.length;
          if (records.length >= limits.recordsMax || bytes >= limits.bytesMax) return records;
        }
        offset += decoded.length;
      }
      return records;
    },
    bounds: (id) => ({ first: firstOf(at(segments, 0), id), next: at(ends, id).next }),
    dropBefore(time) {
      let dropped = 0;
      for (; segments.length > 1; dropped += 1) {
        if (Math.max(0, ...at(segments, 1).entry.lastTimes) >= time) break;
        dropSegment(options, at(segments, 0));
        segments.shift();
      }
      return dropped;
    },
    tables: () => segments.map(({ table }) => table),
  };
}

function openSegment(root: RootDatabase, entry: SegmentEntry): Segment {
  const table = openTable(root, entry.number);
  const { pageSize, treeBranchPageCount, treeLeafPageCount, overflowPages } =
    table.getStats() as TableStats;
  const pages = treeBranchPageCount + treeLeafPageCount + overflowPages;
  return { entry, table, bytes: pages * pageSize };
}

const openTable = (root: RootDatabase, number: number): Table =>
  root.openDB<Buffer, Uint8Array>(`log.${number}`, { encoding: 'binary', keyEncoding: 'binary' });

function startSegment(
  { root, directory }: SegmentOptions,
  number: number,
  ends: readonly BlockEnd[],
): Segment {
  const entry = {
    number,
    first: ends.map(({ next }) => next),
    lastTimes: ends.map(({ lastTime }) => lastTime),
  };
  // Without its entry the table is empty and nobody's; the next try finds it so.
  const table = openTable(root, number);
  directory.addSegment(entry);
  return { entry, table, bytes: 0 };
}

function dropSegment({ root, directory }: SegmentOptions, segment: Segment): void {
  try {
    root.transactionSync(() => {
      directory.removeSegment(segment.entry.number);
      segment.table.dropSync();
    });
  } catch (error) {
    // LMDB closes the handle first, whatever becomes of the transaction.
    segment.table = openTable(root, segment.entry.number);
    throw error;
  }
}

/** Segments grow with the log, so that there are never too many. */
function isFull(segments: readonly Segment[], segmentBytes: number): boolean {
  let total = 0;
  for (const { bytes } of segments) total += bytes;
  const limit = Math.max(segmentBytes, total / (SEGMENTS_MAX / 4));
  return segments.length < SEGMENTS_MAX && at(segments, segments.length - 1).bytes >= limit;
}

/** Where a partition goes on: behind the last block of the newest segment. */
function findEnd(segments: readonly Segment[], id: number): BlockEnd {
  const newest = at(segments, segments.length - 1);
  const found = findBlock(newest, Buffer.alloc(KEY_BYTES), id, OFFSET_MAX);
  if (found === undefined) {
    return { next: firstOf(newest, id), lastTime: newest.entry.lastTimes[id] ?? 0 };
  }
  const { count, lastTime } = endOfBlock(found.block);
  return { next: found.first + count, lastTime };
}

/** The last segment that begins at or before the offset: later ones may begin at the same one. */
function segmentOf(segments: readonly Segment[], id: number, offset: number): Segment {
  let i = segments.length - 1;
  while (i > 0 && firstOf(at(segments, i), id) > offset) i -= 1;
  return at(segments, i);
}

/** The block an offset lies in. Readers go on where a block begins, so that is looked at first. */
function findBlock(
  { table }: Segment,
  key: Buffer,
  id: number,
  offset: number,
): { readonly first: number; readonly block: Buffer } | undefined {
  writeKey(key, id, offset);
  const block = table.getBinary(key);
  if (block !== undefined) return { first: offset, block };
  for (const entry of table.getRange({ start: key, reverse: true, limit: 1 })) {
    const found = Buffer.from(entry.key);
    if (found.readUInt16BE(0) !== id) return undefined;
    return { first: found.readUIntBE(2, 6), block: entry.value };
  }
  return undefined;
}

function groupById(
  directory: Directory,
  records: readonly NewRecord[],
): ReadonlyMap<number, readonly NewRecord[]> {
  const groups = new Map<number, NewRecord[]>();
  for (const record of records) {
    const id = directory.idOf(record);
    const group = groups.get(id);
    if (group === undefined) groups.set(id, [record]);
    else group.push(record);
  }
  return groups;
}

function writeKey(key: Buffer, id: number, offset: number): void {
  key.writeUInt16BE(id, 0);
  key.writeUIntBE(offset, 2, 6);
}

const firstOf = (segment: Segment, id: number): number => segment.entry.first[id] ?? 0;

function at<T>(list: readonly T[], index: number): T {
  const item = list[index];
  if (item === undefined) throw new Error(`nothing at ${index} of ${list.length}`);
  return item;
}

const damaged = ({ topic, partition }: TopicPartition, offset: number): WeftError =>
  new WeftError(
    'corrupt_data',
    `reading topic ${topic}, partition ${partition}, offset ${offset} from the log: the block is ` +
      `missing or fails its checksum`,
  );
