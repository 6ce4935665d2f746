/**
 * What a profile remembers for its triggers, as it is kept: packed, as there are millions of them and
 * most events look at one list of five. A list is read when it is asked for, and written again only
 * then; the same lists make the same bytes:
 *
 *   when the first wait is due, + 1 (0: none waits) · for each list its length, then its items
 */
import {
  endBlock,
  newReader,
  newWriter,
  readInt32,
  readNumber,
  readSigned,
  readText,
  skipText,
  startBlock,
  toSigned,
  toUnsigned,
  writeBytes,
  writeInt32,
  writeNumber,
  writeSigned,
  writeText,
  written,
  type ByteReader,
  type ByteWriter,
} from '../bytes.ts';
import type { SuppressionReason } from '../message.ts';
import type {
  DecidedAt,
  DecisionRecord,
  Mark,
  PendingWait,
  Progress,
  RecentKey,
  TriggerState,
} from './state.ts';
import { nextDueAt } from './waits.ts';

export interface PackedTriggers {
  packed: Uint8Array;
}

const NOTHING = new Uint8Array();

export const noTriggers = (): PackedTriggers => ({ packed: NOTHING });

/** When the first wait is due; null: none waits. */
export function packedDueAt({ packed }: PackedTriggers): number | null {
  if (packed.length === 0) return null;
  const due = readNumber(newReader(packed));
  return due === 0 ? null : toSigned(due - 1);
}

/** Unfolded for who only looks, or until `closeTriggers`. */
export const openTriggers = ({ packed }: PackedTriggers): OpenTriggers => new OpenTriggers(packed);

export function closeTriggers(open: OpenTriggers, to: PackedTriggers): void {
  const writer = shared;
  writer.at = 0;
  open.write(writer);
  to.packed = writer.at === EMPTY_BYTES ? NOTHING : written(writer);
}

/** Written from its beginning each time. */
const shared = newWriter();

/** Five lists of nothing, and nothing due. */
const EMPTY_BYTES = 6;

export class OpenTriggers implements TriggerState {
  private readonly bytes: Uint8Array;
  private readonly due: number;
  private readonly froms: readonly number[];
  private pendingRead: PendingWait[] | null = null;
  private recentRead: RecentKey[] | null = null;
  private progressRead: Progress[] | null = null;
  private decidedRead: DecidedAt[] | null = null;
  private recordsRead: DecisionRecord[] | null = null;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    if (bytes.length === 0) {
      this.due = 0;
      this.froms = NO_LISTS;
      return;
    }
    const reader = newReader(bytes);
    this.due = readNumber(reader);
    this.froms = [skipped(reader), skipped(reader), skipped(reader), skipped(reader), reader.at];
  }

  get pending(): PendingWait[] {
    return (this.pendingRead ??= this.read(0, readPending));
  }

  set pending(list: PendingWait[]) {
    this.pendingRead = list;
  }

  get recent(): RecentKey[] {
    return (this.recentRead ??= this.read(1, readRecent));
  }

  set recent(list: RecentKey[]) {
    this.recentRead = list;
  }

  get progress(): Progress[] {
    return (this.progressRead ??= this.read(2, readProgress));
  }

  set progress(list: Progress[]) {
    this.progressRead = list;
  }

  get decided(): DecidedAt[] {
    return (this.decidedRead ??= this.read(3, readDecided));
  }

  set decided(list: DecidedAt[]) {
    this.decidedRead = list;
  }

  get records(): DecisionRecord[] {
    return (this.recordsRead ??= this.read(4, readRecord));
  }

  set records(list: DecisionRecord[]) {
    this.recordsRead = list;
  }

  write(writer: ByteWriter): void {
    writeNumber(writer, this.pendingRead === null ? this.due : dueOf(nextDueAt(this)));
    this.writeList(writer, 0, this.pendingRead, writePending);
    this.writeList(writer, 1, this.recentRead, writeRecent);
    this.writeList(writer, 2, this.progressRead, writeProgress);
    this.writeList(writer, 3, this.decidedRead, writeDecided);
    this.writeList(writer, 4, this.recordsRead, writeRecord);
  }

  private read<T>(place: number, readOne: (reader: ByteReader) => T): T[] {
    const list: T[] = [];
    if (this.bytes.length === 0) return list;
    const reader: ByteReader = { bytes: this.bytes, at: this.froms[place] as number };
    const length = readNumber(reader);
    const end = reader.at + length;
    while (reader.at < end) list.push(readOne(reader));
    return list;
  }

  private writeList<T>(
    writer: ByteWriter,
    place: number,
    list: readonly T[] | null,
    writeOne: (writer: ByteWriter, item: T) => void,
  ): void {
    if (list === null && this.bytes.length > 0) {
      const next = place + 1 < LISTS ? (this.froms[place + 1] as number) : this.bytes.length;
      writeBytes(writer, this.bytes, this.froms[place] as number, next);
      return;
    }
    const start = startBlock(writer);
    for (let index = 0; index < (list?.length ?? 0); index++) writeOne(writer, list?.[index] as T);
    endBlock(writer, start);
  }
}

const dueOf = (dueAt: number | null): number => (dueAt === null ? 0 : toUnsigned(dueAt) + 1);

const LISTS = 5;
const NO_LISTS: readonly number[] = [];

/** Goes past a list; answers where it began. */
function skipped(reader: ByteReader): number {
  const { at } = reader;
  const length = readNumber(reader);
  reader.at += length;
  return at;
}

/** A wait as it was read. Who armed it and with what is read only when it is over. */
class KeptWait implements PendingWait {
  readonly trigger: number;
  readonly key: string;
  readonly armedAt: number;
  readonly dueAt: number;
  readonly bytes: Uint8Array;
  /** Where its texts begin and end. */
  readonly from: number;
  readonly to: number;

  constructor(reader: ByteReader) {
    this.trigger = readInt32(reader);
    this.armedAt = readSigned(reader);
    this.dueAt = this.armedAt + readSigned(reader);
    this.key = readText(reader);
    this.bytes = reader.bytes;
    this.from = reader.at;
    skipText(reader);
    skipText(reader);
    this.to = reader.at;
  }

  get armedBy(): string {
    return readText({ bytes: this.bytes, at: this.from });
  }

  get facts(): string {
    const reader = { bytes: this.bytes, at: this.from };
    skipText(reader);
    return readText(reader);
  }
}

const readPending = (reader: ByteReader): PendingWait => new KeptWait(reader);

function writePending(writer: ByteWriter, wait: PendingWait): void {
  writeInt32(writer, wait.trigger);
  writeSigned(writer, wait.armedAt);
  writeSigned(writer, wait.dueAt - wait.armedAt);
  writeText(writer, wait.key);
  if (wait instanceof KeptWait) {
    writeBytes(writer, wait.bytes, wait.from, wait.to);
  } else {
    writeText(writer, wait.armedBy);
    writeText(writer, wait.facts);
  }
}

function writeRecent(writer: ByteWriter, recent: RecentKey): void {
  writeNumber(writer, recent.key);
  writeSigned(writer, recent.at);
  writeInt32(writer, recent.id);
}

const readRecent = (reader: ByteReader): RecentKey => ({
  key: readNumber(reader),
  at: readSigned(reader),
  id: readInt32(reader),
});

function writeProgress(writer: ByteWriter, { trigger, key, doneAt, marks }: Progress): void {
  writeInt32(writer, trigger);
  writeText(writer, key);
  writeSigned(writer, doneAt);
  writeNumber(writer, marks.length);
  let before = 0;
  for (let index = 0; index < marks.length; index++) {
    const { at, id, second } = marks[index] as Mark;
    writeSigned(writer, at - before);
    writeInt32(writer, id);
    writeNumber(writer, second ? 1 : 0);
    before = at;
  }
}

function readProgress(reader: ByteReader): Progress {
  const trigger = readInt32(reader);
  const key = readText(reader);
  const doneAt = readSigned(reader);
  const marks: Mark[] = [];
  let before = 0;
  for (let left = readNumber(reader); left > 0; left--) {
    const at = before + readSigned(reader);
    marks.push({ at, id: readInt32(reader), second: readNumber(reader) === 1 });
    before = at;
  }
  return { trigger, key, doneAt, marks };
}

function writeDecided(writer: ByteWriter, decided: DecidedAt): void {
  writeInt32(writer, decided.trigger);
  writeSigned(writer, decided.at);
  writeInt32(writer, decided.id);
}

const readDecided = (reader: ByteReader): DecidedAt => ({
  trigger: readInt32(reader),
  at: readSigned(reader),
  id: readInt32(reader),
});

function writeRecord(writer: ByteWriter, record: DecisionRecord): void {
  writeInt32(writer, record.trigger);
  writeText(writer, record.action);
  writeSigned(writer, record.at);
  writeText(writer, record.reason ?? '');
}

const readRecord = (reader: ByteReader): DecisionRecord => ({
  trigger: readInt32(reader),
  action: readText(reader),
  at: readSigned(reader),
  reason: reasonOf(readText(reader)),
});

const reasonOf = (text: string): SuppressionReason | null =>
  text === '' ? null : (text as SuppressionReason);
