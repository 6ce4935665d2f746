/** `schemas/trigger-state.avsc`, which is part of a profile's state. */
import type { SuppressionReason } from '../../src/domain/message.ts';
import type {
  DecidedAt,
  DecisionRecord,
  Mark,
  PendingWait,
  Progress,
  RecentKey,
  TriggerState,
} from '../../src/domain/triggers/state.ts';
import {
  readBoolean,
  readList,
  readLong,
  readNullable,
  readNumber,
  readText,
  type Input,
} from '../../src/runtime/avro/input.ts';
import {
  writeBoolean,
  writeInt,
  writeList,
  writeLong,
  writeNullable,
  writeText,
  type Output,
} from '../../src/runtime/avro/output.ts';

export function writeTriggers(out: Output, state: TriggerState): void {
  writeList(out, state.pending, writePending);
  writeList(out, state.recent, writeRecent);
  writeList(out, state.progress, writeProgress);
  writeList(out, state.decided, writeDecided);
  writeList(out, state.records, writeRecord);
}

export const readTriggers = (from: Input): TriggerState => ({
  pending: readList(from, readPending),
  recent: readList(from, readRecent),
  progress: readList(from, readProgress),
  decided: readList(from, readDecided),
  records: readList(from, readRecord),
});

function writePending(out: Output, wait: PendingWait): void {
  writeInt(out, wait.trigger);
  writeText(out, wait.key);
  writeText(out, wait.armedBy);
  writeLong(out, wait.armedAt);
  writeLong(out, wait.dueAt);
  writeText(out, wait.facts);
}

const readPending = (from: Input): PendingWait => ({
  trigger: readNumber(from),
  key: readText(from),
  armedBy: readText(from),
  armedAt: readLong(from),
  dueAt: readLong(from),
  facts: readText(from),
});

function writeRecent(out: Output, recent: RecentKey): void {
  writeLong(out, recent.key);
  writeLong(out, recent.at);
  writeInt(out, recent.id);
}

const readRecent = (from: Input): RecentKey => ({
  key: readLong(from),
  at: readLong(from),
  id: readNumber(from),
});

function writeProgress(out: Output, progress: Progress): void {
  writeInt(out, progress.trigger);
  writeText(out, progress.key);
  writeLong(out, progress.doneAt);
  writeList(out, progress.marks, writeMark);
}

const readProgress = (from: Input): Progress => ({
  trigger: readNumber(from),
  key: readText(from),
  doneAt: readLong(from),
  marks: readList(from, readMark),
});

function writeMark(out: Output, mark: Mark): void {
  writeLong(out, mark.at);
  writeInt(out, mark.id);
  writeBoolean(out, mark.second);
}

const readMark = (from: Input): Mark => ({
  at: readLong(from),
  id: readNumber(from),
  second: readBoolean(from),
});

function writeDecided(out: Output, decided: DecidedAt): void {
  writeInt(out, decided.trigger);
  writeLong(out, decided.at);
  writeInt(out, decided.id);
}

const readDecided = (from: Input): DecidedAt => ({
  trigger: readNumber(from),
  at: readLong(from),
  id: readNumber(from),
});

function writeRecord(out: Output, record: DecisionRecord): void {
  writeInt(out, record.trigger);
  writeText(out, record.action);
  writeLong(out, record.at);
  writeNullable(out, record.reason, writeText);
}

const readRecord = (from: Input): DecisionRecord => ({
  trigger: readNumber(from),
  action: readText(from),
  at: readLong(from),
  reason: readNullable(from, readText) as SuppressionReason | null,
});
