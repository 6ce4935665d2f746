/**
 * What one profile remembers for its triggers: plain data, kept as `packed-triggers.ts` packs it.
 * Every list is bounded and sorted, and merging two states is commutative and associative (within
 * the bounds), so that it does not matter in which order profiles became one.
 */
import { compareBytewise } from '../bytewise.ts';
import type { SuppressionReason } from '../message.ts';

export interface TriggerState {
  /** By (armedAt, armedBy, trigger, key). One per trigger and key. */
  pending: PendingWait[];
  /** By (at, key, id). */
  recent: RecentKey[];
  /** By (trigger, key). */
  progress: Progress[];
  /** By (at, trigger, id). */
  decided: DecidedAt[];
  /** By (at, trigger, action). */
  records: DecisionRecord[];
}

/** An absence being waited for. */
export interface PendingWait {
  /** Hash of the trigger's name, here and below. */
  readonly trigger: number;
  /** Correlation key. */
  readonly key: string;
  readonly armedBy: string;
  readonly armedAt: number;
  readonly dueAt: number;
  /** JSON of `EventFacts`. */
  readonly facts: string;
}

/**
 * An event that ends waits, or (id 0) a wait that is over: `at` is then when it was due. Either keeps
 * an arming event that comes out of order from beginning a wait again.
 */
export interface RecentKey {
  /** 48-bit hash. */
  key: number;
  at: number;
  /** 32-bit hash of the event's id. */
  id: number;
}

/** A sequence or a count on its way. */
export interface Progress {
  trigger: number;
  key: string;
  /** Marks up to here were used by a decision. */
  doneAt: number;
  /** By (at, id, second). */
  marks: Mark[];
}

export interface Mark {
  at: number;
  /** 32-bit hash of the event's id. */
  id: number;
  /** The second of a sequence. */
  second: boolean;
}

/** Kept for triggers with a limit only. */
export interface DecidedAt {
  trigger: number;
  at: number;
  /** 32-bit hash of the action's id. */
  id: number;
}

/** For people who ask why: the last decisions, a repeated suppression once. */
export interface DecisionRecord {
  trigger: number;
  action: string;
  at: number;
  /** null: decided. */
  reason: SuppressionReason | null;
}

export const PENDING_MAX = 32;
export const RECENT_MAX = 16;
export const PROGRESS_MAX = 16;
export const MARKS_MAX = 64;
/** Most a limit may allow, and so most that is remembered of one trigger. */
export const LIMIT_TIMES_MAX = 20;
export const RECORDS_MAX = 20;

export const emptyTriggerState = (): TriggerState => ({
  pending: [],
  recent: [],
  progress: [],
  decided: [],
  records: [],
});

/**
 * The state of two profiles that are one from now on: every list united, so that the order of merges
 * does not matter. Both may be reused by the answer. It is not done yet: `settleMerged` says which of
 * two waits for one key stands, and what the union ends or completes.
 */
export function mergeTriggerStates(into: TriggerState, from: TriggerState): TriggerState {
  return {
    pending: newest(union(into.pending, from.pending, comparePending), 2 * PENDING_MAX),
    recent: newest(union(into.recent, from.recent, compareRecent), RECENT_MAX),
    progress: mergeProgress(into.progress, from.progress),
    decided: newestOfEach(union(into.decided, from.decided, compareDecided)),
    records: condenseRecords(union(into.records, from.records, compareRecords)),
  };
}

/** Which arming came later: by (at, event id). */
export const compareArming = (a: PendingWait, b: PendingWait): number =>
  a.armedAt - b.armedAt || compareBytewise(a.armedBy, b.armedBy);

export const comparePending = (a: PendingWait, b: PendingWait): number =>
  compareArming(a, b) ||
  a.trigger - b.trigger ||
  compareBytewise(a.key, b.key) ||
  a.dueAt - b.dueAt;

export const compareRecent = (a: RecentKey, b: RecentKey): number =>
  a.at - b.at || a.key - b.key || a.id - b.id;

export const compareMarks = (a: Mark, b: Mark): number =>
  a.at - b.at || a.id - b.id || Number(a.second) - Number(b.second);

export const compareProgress = (a: Progress, b: Progress): number =>
  a.trigger - b.trigger || compareBytewise(a.key, b.key);

export const compareDecided = (a: DecidedAt, b: DecidedAt): number =>
  a.at - b.at || a.trigger - b.trigger || a.id - b.id;

export const compareRecords = (a: DecisionRecord, b: DecisionRecord): number =>
  a.at - b.at ||
  a.trigger - b.trigger ||
  compareBytewise(a.action, b.action) ||
  compareBytewise(a.reason ?? '', b.reason ?? '');

/** Adds to a sorted list unless it is there; answers false then. */
export function insert<T>(list: T[], item: T, compare: (a: T, b: T) => number): boolean {
  let index = list.length;
  for (let before = list[index - 1]; before !== undefined; before = list[index - 1]) {
    const order = compare(before, item);
    if (order === 0) return false;
    if (order < 0) break;
    index -= 1;
  }
  if (index === list.length) list.push(item);
  else list.splice(index, 0, item);
  return true;
}

/** Keeps the last of a sorted list. */
export function newest<T>(list: T[], count: number): T[] {
  return list.length > count ? list.slice(-count) : list;
}

/** Of every trigger the last ones. */
export function newestOfEach(decided: DecidedAt[]): DecidedAt[] {
  if (decided.length <= LIMIT_TIMES_MAX) return decided;
  const counts = new Map<number, number>();
  return decided
    .toReversed()
    .filter(({ trigger }) => {
      const count = (counts.get(trigger) ?? 0) + 1;
      counts.set(trigger, count);
      return count <= LIMIT_TIMES_MAX;
    })
    .toReversed();
}

/** The last ones; of suppressions of one trigger for one reason only the last. */
export function condenseRecords(records: DecisionRecord[]): DecisionRecord[] {
  const kept: DecisionRecord[] = [];
  for (let index = records.length - 1; index >= 0 && kept.length < RECORDS_MAX; index--) {
    const record = records[index] as DecisionRecord;
    if (record.reason === null || !hasSuppression(kept, record)) kept.push(record);
  }
  return kept.toReversed();
}

function hasSuppression(kept: readonly DecisionRecord[], record: DecisionRecord): boolean {
  const { trigger, reason } = record;
  for (const one of kept) if (one.trigger === trigger && one.reason === reason) return true;
  return false;
}

function union<T>(a: readonly T[], b: readonly T[], compare: (a: T, b: T) => number): T[] {
  if (a.length === 0) return [...b];
  if (b.length === 0) return [...a];
  const merged: T[] = [];
  for (const item of [...a, ...b].toSorted(compare)) {
    const last = merged.at(-1);
    if (last === undefined || compare(last, item) !== 0) merged.push(item);
  }
  return merged;
}

function mergeProgress(a: readonly Progress[], b: readonly Progress[]): Progress[] {
  const merged = [...a];
  for (const progress of b) {
    const index = merged.findIndex((one) => compareProgress(one, progress) === 0);
    const same = merged[index];
    if (same === undefined) merged.push(progress);
    else merged[index] = joinProgress(same, progress);
  }
  return boundProgress(merged);
}

function joinProgress(a: Progress, b: Progress): Progress {
  const doneAt = Math.max(a.doneAt, b.doneAt);
  const marks = union(a.marks, b.marks, compareMarks).filter(({ at }) => at > doneAt);
  return { trigger: a.trigger, key: a.key, doneAt, marks: newest(marks, MARKS_MAX) };
}

/** The most recently active ones. */
export function boundProgress(progress: Progress[]): Progress[] {
  const activeAt = ({ doneAt, marks }: Progress): number => marks.at(-1)?.at ?? doneAt;
  const kept =
    progress.length <= PROGRESS_MAX
      ? progress
      : progress
          .toSorted((a, b) => activeAt(b) - activeAt(a) || compareProgress(a, b))
          .slice(0, PROGRESS_MAX);
  return kept.toSorted(compareProgress);
}
