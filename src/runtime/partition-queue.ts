/**
 * Records of one partition on their way to a stage: in offset order, each once, bounded. What comes
 * twice is dropped, a gap is answered with the offset to read again from.
 */
import type { LogRecord } from '../ports/event-log.ts';

export interface QueueLimits {
  readonly recordsMax: number;
  readonly bytesMax: number;
  /** A full queue takes records again once it is under this. */
  readonly resumeAtRecords: number;
}

const QUEUE_LIMITS: QueueLimits = {
  recordsMax: 5_000,
  bytesMax: 16 * 1024 * 1024,
  resumeAtRecords: 1_000,
};

export type OfferAnswer =
  | { readonly kind: 'taken' }
  | { readonly kind: 'full' }
  | { readonly kind: 'gap'; readonly readFrom: number };

export class PartitionQueue {
  /** The next offset to take in. */
  expected: number;
  /** Log time of the last record a stage has finished with; 0 before the first. */
  appliedLogTime = 0;
  private records: LogRecord[] = [];
  private head = 0;
  private bytes = 0;
  private full = false;
  private readonly limits: QueueLimits;

  constructor(from: number, limits: QueueLimits = QUEUE_LIMITS) {
    this.expected = from;
    this.limits = limits;
  }

  /** It takes in nothing before some of it is finished. */
  get isFull(): boolean {
    return this.full;
  }

  get length(): number {
    return this.records.length - this.head;
  }

  offer(records: readonly LogRecord[]): OfferAnswer {
    for (const record of records) {
      if (record.offset < this.expected) continue;
      if (record.offset > this.expected) return { kind: 'gap', readFrom: this.expected };
      this.records.push(record);
      this.bytes += record.value.length;
      this.expected += 1;
    }
    this.full = this.length >= this.limits.recordsMax || this.bytes >= this.limits.bytesMax;
    return this.full ? { kind: 'full' } : { kind: 'taken' };
  }

  /**
   * The first records, without taking them out: they stay until `finish`. What was appended together
   * (one log time) is not cut apart.
   */
  peek(recordsMax: number, bytesMax: number): readonly LogRecord[] {
    let end = this.head;
    let bytes = 0;
    let lastTime = -1;
    for (let next = this.records[end]; next; next = this.records[end]) {
      const isFull = end - this.head >= recordsMax || bytes >= bytesMax;
      if (isFull && next.logTime !== lastTime) break;
      bytes += next.value.length;
      lastTime = next.logTime;
      end += 1;
    }
    return this.records.slice(this.head, end);
  }

  /** Everything below `next` is done. Answers true when a full queue takes records again. */
  finish(next: number): boolean {
    let record = this.records[this.head];
    while (record && record.offset < next) {
      this.bytes -= record.value.length;
      this.appliedLogTime = record.logTime;
      this.head += 1;
      record = this.records[this.head];
    }
    if (this.head > 1_024 || this.head === this.records.length) {
      this.records = this.records.slice(this.head);
      this.head = 0;
    }
    if (!this.full || this.length >= this.limits.resumeAtRecords) return false;
    this.full = false;
    return true;
  }

  /** Start again from here, empty. */
  restart(from: number): void {
    this.records = [];
    this.head = 0;
    this.bytes = 0;
    this.full = false;
    this.expected = from;
  }
}
