/**
 * The log inside the environment: for every partition of every topic a run of records without gaps,
 * kept in segments (two tables each) that are dropped whole. What one append brings for a partition
 * is stored as blocks of consecutive records under the first one's offset, which cost one checksum
 * and a few puts and gets however many records they hold. Ends are in memory; they move only once
 * the transaction that wrote the records is on disk.
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
import { openBlockTable } from './block-table.ts';
import type { BlockTable, BytesTable } from './block-table.ts';
import { createBlockEncoder, decodeBlock, measureBlock } from './block.ts';
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

interface Segment {
  readonly entry: SegmentEntry;
  blocks: BlockTable;
  bytes: number;
}

interface TableStats {
  readonly pageSize: number;
  readonly treeBranchPageCount: number;
  readonly treeLeafPageCount: number;
  readonly overflowPages: number;
}

/** The number of tables is fixed when an environment is opened. */
export const SEGMENTS_MAX = 256;
export const TABLES_PER_SEGMENT = 2;
/** A segment is at least this part of the log. */
const SEGMENTS_SHARE = 64;
const OFFSET_MAX = 2 ** 48 - 1;

export function openSegments(options: SegmentOptions): Segments {
  const { root, directory } = options;
  const segments = directory.segments().map((entry) => openSegment(root, entry));
  if (segments.length === 0) segments.push(startSegment(options, 0, []));
  const ends = directory.partitions.map((partition, id) => findEnd(segments, partition, id));
  const encode = createBlockEncoder();
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
      const { blocks } = last();
      for (const [id, group] of groupById(directory, records)) {
        const end = stage(id);
        for (let start = 0; start < group.length;) {
          const stop = measureBlock(group, start);
          const first = end.next;
          const block = encode(group.slice(start, stop), now, end);
          blocks.write(id, first, block);
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
        const decoded = readFrom(segmentOf(segments, id, offset), partition, id, offset);
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
    tables: () => segments.flatMap(({ blocks }) => blocks.tables),
  };
}

function openSegment(root: RootDatabase, entry: SegmentEntry): Segment {
  const blocks = openBlocks(root, entry.number);
  let bytes = 0;
  for (const table of blocks.tables) {
    const { pageSize, treeBranchPageCount, treeLeafPageCount, overflowPages } =
      table.getStats() as TableStats;
    bytes += (treeBranchPageCount + treeLeafPageCount + overflowPages) * pageSize;
  }
  return { entry, blocks, bytes };
}

function openBlocks(root: RootDatabase, number: number): BlockTable {
  const options = { encoding: 'binary', keyEncoding: 'binary' } as const;
  return openBlockTable((name): BytesTable => root.openDB(name, options), `log.${number}`);
}

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
  // Without the entry its tables are empty and nobody's; the next try finds them so.
  const blocks = openBlocks(root, number);
  directory.addSegment(entry);
  return { entry, blocks, bytes: 0 };
}

function dropSegment({ root, directory }: SegmentOptions, segment: Segment): void {
  try {
    root.transactionSync(() => {
      directory.removeSegment(segment.entry.number);
      segment.blocks.drop();
    });
  } catch (error) {
    // LMDB closes the handles first, whatever becomes of the transaction.
    segment.blocks = openBlocks(root, segment.entry.number);
    throw error;
  }
}

/** Segments grow with the log, so that there are never too many. */
function isFull(segments: readonly Segment[], segmentBytes: number): boolean {
  let total = 0;
  for (const { bytes } of segments) total += bytes;
  const limit = Math.max(segmentBytes, total / SEGMENTS_SHARE);
  return segments.length < SEGMENTS_MAX && at(segments, segments.length - 1).bytes >= limit;
}

/** Where a partition goes on: behind the last record of the newest segment. */
function findEnd(segments: readonly Segment[], partition: TopicPartition, id: number): BlockEnd {
  const newest = at(segments, segments.length - 1);
  const first = newest.blocks.firstAt(id, OFFSET_MAX);
  if (first === undefined) {
    return { next: firstOf(newest, id), lastTime: newest.entry.lastTimes[id] ?? 0 };
  }
  const records = readFrom(newest, partition, id, first);
  const { offset, logTime } = at(records, records.length - 1);
  return { next: offset + 1, lastTime: logTime };
}

/** The last segment that begins at or before the offset: later ones may begin at the same one. */
function segmentOf(segments: readonly Segment[], id: number, offset: number): Segment {
  let i = segments.length - 1;
  while (i > 0 && firstOf(at(segments, i), id) > offset) i -= 1;
  return at(segments, i);
}

/** From this offset to the end of its block. Readers go on where one begins: first look there. */
function readFrom(
  { blocks }: Segment,
  partition: TopicPartition,
  id: number,
  offset: number,
): readonly LogRecord[] {
  let first: number | undefined = offset;
  let block = blocks.read(id, offset);
  if (block === undefined) {
    first = blocks.firstAt(id, offset);
    block = first === undefined ? undefined : blocks.read(id, first);
  }
  const records = block && decodeBlock(block, partition, first ?? 0, offset);
  if (records === undefined || records.length === 0) throw damaged(partition, offset);
  return records;
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
