import { describe, expect, it } from 'vitest';
import type { LogRecord } from '../ports/event-log.ts';
import { PartitionQueue } from './partition-queue.ts';

const record = (offset: number, bytes = 10): LogRecord => ({
  topic: 'events',
  partition: 0,
  offset,
  logTime: 1_000 + offset,
  schema: 1,
  value: new Uint8Array(bytes),
});
const records = (from: number, to: number): LogRecord[] =>
  Array.from({ length: to - from }, (_, i) => record(from + i));

describe('a partition queue', () => {
  it('takes a record once, however often it is offered', () => {
    const queue = new PartitionQueue(0);
    queue.offer(records(0, 3));
    queue.offer(records(1, 5));
    expect(queue.peek(100, 1e6).map((each) => each.offset)).toEqual([0, 1, 2, 3, 4]);
  });

  it('answers a gap with the offset to read again from, and takes nothing beyond it', () => {
    const queue = new PartitionQueue(7);
    expect(queue.offer(records(8, 10))).toEqual({ kind: 'gap', readFrom: 7 });
    expect(queue.length).toBe(0);
  });

  it('is full at its limit of records or bytes, and takes more again well below it', () => {
    const queue = new PartitionQueue(0, { recordsMax: 10, bytesMax: 1_000, resumeAtRecords: 4 });
    expect(queue.offer(records(0, 9)).kind).toBe('taken');
    expect(queue.offer(records(9, 11)).kind).toBe('full');
    expect(queue.finish(6)).toBe(false);
    expect(queue.finish(8)).toBe(true);
    expect(queue.offer([record(11, 2_000)]).kind).toBe('full');
  });

  it('keeps what is under way until it is finished, and knows the log time it stands at', () => {
    const queue = new PartitionQueue(0);
    queue.offer(records(0, 4));
    expect(queue.peek(2, 1e6)).toHaveLength(2);
    expect(queue.length).toBe(4);
    queue.finish(2);
    expect(queue.peek(2, 1e6).map((each) => each.offset)).toEqual([2, 3]);
    expect(queue.appliedLogTime).toBe(1_001);
  });

  it('does not cut apart what was appended at one moment', () => {
    const queue = new PartitionQueue(0);
    const together = (from: number, to: number, logTime: number): LogRecord[] =>
      records(from, to).map((each) => ({ ...each, logTime }));
    queue.offer([...together(0, 3, 5), ...together(3, 6, 6), ...together(6, 7, 7)]);
    expect(queue.peek(1, 1e6)).toHaveLength(3);
    expect(queue.peek(4, 1e6)).toHaveLength(6);
    expect(queue.peek(100, 25)).toHaveLength(3);
    expect(queue.peek(6, 1e6)).toHaveLength(6);
  });

  it('starts again empty where it is told to', () => {
    const queue = new PartitionQueue(0);
    queue.offer(records(0, 4));
    queue.restart(2);
    expect(queue.length).toBe(0);
    queue.offer(records(0, 4));
    expect(queue.peek(9, 1e6).map((each) => each.offset)).toEqual([2, 3]);
  });
});
