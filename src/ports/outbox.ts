/**
 * What every store that commits a stage's work has in common: a fenced position and an outbox.
 * One rule serves a log inside the store's transaction (LMDB) and a log beside it (Redis, Kafka):
 * after a commit every output is either in the log or in `unpublished`, never in neither.
 */
import type { NewRecord } from './event-log.ts';

/**
 * Where a stage stands in a partition: the next record, and how many messages of that record's
 * envelope are already applied.
 */
export interface Position {
  readonly offset: number;
  readonly index: number;
}

export interface OutboxRow {
  /** Increases within the partition; outputs are published in this order. */
  readonly sequence: number;
  readonly record: NewRecord;
}

export type CommitAnswer =
  /** Done. `unpublished` are the rows the caller must append to the log, then `trim`. */
  | { readonly kind: 'committed'; readonly unpublished: readonly OutboxRow[] }
  /** Another owner claimed the partition: stop, drop everything, publish nothing. */
  | { readonly kind: 'fenced' }
  /** Same epoch, other position (a store that lost its tail): reload and seek to `position`. */
  | { readonly kind: 'moved'; readonly position: Position };
