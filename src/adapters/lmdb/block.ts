/**
 * How records lie in the log: a block is a run of consecutive records of one partition under a
 * checksum, for LMDB keeps none and the log is the truth. Values handed out are views of a copy
 * made for the reader, never of the map.
 *
 *   u32 crc32 of the rest · u32 length · u16 records · each: f64 log time · u32 schema ·
 *   u32 length · bytes
 */
import { crc32 } from 'node:zlib';
import type { LogRecord, NewRecord, TopicPartition } from '../../ports/event-log.ts';

const BLOCK_RECORDS_MAX = 128;
/** A record may be larger; then it is a block of its own. */
const BLOCK_BYTES_MAX = 64 * 1024;
const SCRATCH_BYTES = 2 * BLOCK_BYTES_MAX;
const CRC_BYTES = 4;
/** Length and checksum come first in any block; a u16 count follows. */
export const COUNT_AT = CRC_BYTES + 4;
export const HEADER_BYTES = COUNT_AT + 2;
/** 128 MB; a length beyond this is not one that was written. */
const LENGTH_MAX = 2 ** 27;
const RECORD_HEADER_BYTES = 16;

export interface BlockEnd {
  next: number;
  lastTime: number;
}

/** Where the block that begins at `start` ends. */
export function measureBlock(records: readonly NewRecord[], start: number): number {
  let bytes = 0;
  let stop = start;
  for (; stop < records.length && stop - start < BLOCK_RECORDS_MAX; stop += 1) {
    bytes += RECORD_HEADER_BYTES + (records[stop]?.value.length ?? 0);
    if (bytes > BLOCK_BYTES_MAX && stop > start) break;
  }
  return stop;
}

/** Encodes blocks into memory it uses again: the answer is good until the next call. */
export function createBlockEncoder(): (
  records: readonly NewRecord[],
  now: number,
  end: BlockEnd,
) => Buffer {
  const scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES);
  return (records, now, end) => {
    let size = HEADER_BYTES;
    for (const { value } of records) size += RECORD_HEADER_BYTES + value.length;
    const block = size <= SCRATCH_BYTES ? scratch.subarray(0, size) : Buffer.allocUnsafeSlow(size);
    block.writeUInt16LE(records.length, COUNT_AT);
    let at = HEADER_BYTES;
    for (const { logTime, schema, value } of records) {
      end.lastTime = Math.max(end.lastTime, logTime ?? now);
      block.writeDoubleLE(end.lastTime, at);
      block.writeUInt32LE(schema, at + 8);
      block.writeUInt32LE(value.length, at + 12);
      block.set(value, at + RECORD_HEADER_BYTES);
      at += RECORD_HEADER_BYTES + value.length;
    }
    seal(block);
    end.next += records.length;
    return block;
  };
}

/** Writes length and checksum of a block that is complete but for them. */
export function seal(block: Buffer): void {
  if (block.length > LENGTH_MAX) throw new Error(`a block of ${block.length} bytes`);
  block.writeUInt32LE(block.length, CRC_BYTES);
  block.writeUInt32LE(crc32(block.subarray(CRC_BYTES)), 0);
}

/** How long the block is that begins with these bytes; 0 when they are no such beginning. */
export function lengthOf(begin: Buffer): number {
  if (begin.length < HEADER_BYTES) return 0;
  const length = begin.readUInt32LE(CRC_BYTES);
  return length <= LENGTH_MAX ? length : 0;
}

/** The records from offset `from` on; undefined when the bytes are not what was written. */
export function decodeBlock(
  block: Buffer,
  { topic, partition }: TopicPartition,
  first: number,
  from: number,
): LogRecord[] | undefined {
  if (!isWhole(block)) return undefined;
  const records: LogRecord[] = [];
  const count = block.readUInt16LE(COUNT_AT);
  let at = HEADER_BYTES;
  for (let offset = first; offset < first + count; offset += 1) {
    const length = block.readUInt32LE(at + 12);
    const start = at + RECORD_HEADER_BYTES;
    if (offset >= from) {
      records.push({
        topic,
        partition,
        offset,
        logTime: block.readDoubleLE(at),
        schema: block.readUInt32LE(at + 8),
        value: block.subarray(start, start + length),
      });
    }
    at = start + length;
  }
  return records;
}

/** Is it what was written, as the checksum says? */
export const isWhole = (block: Buffer): boolean =>
  block.length >= HEADER_BYTES && block.readUInt32LE(0) === crc32(block.subarray(CRC_BYTES));
