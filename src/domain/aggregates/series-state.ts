/**
 * One series of the profile that is open. It stays packed until somebody asks for it, and its texts
 * until somebody asks for them: an event touches a few of a profile's series, and the others are
 * copied as they are.
 */
import {
  findText,
  isTextBefore,
  makeRoom,
  newWriter,
  NUMBER_BYTES_MAX,
  putNumber,
  readNumber,
  readSigned,
  readText,
  skipText,
  toUnsigned,
  writeBytes,
  writeNumber,
  writeText,
  written,
  type ByteReader,
  type ByteWriter,
} from '../bytes.ts';
import { newCells, reserve, type Cells } from './cells.ts';

/** The bytes that are open, shared by all series of a profile. */
export interface Held {
  bytes: Uint8Array;
}

export interface SeriesState {
  readonly held: Held;
  readonly cells: Cells;
  /** Read through `keysOf`. */
  keys: string[];
  phase: 'absent' | 'packed' | 'open';
  /** Since it was read: else its bytes are still good. */
  isChanged: boolean;
  /** Where it stands among the bytes: its id, its body, its end. */
  start: number;
  from: number;
  to: number;
  /** Where its texts begin, unless they are read: 0. They go to the end. */
  keysFrom: number;
  /** With a text put in between; null: they lie where they were. */
  ownKeys: Uint8Array | null;
}

export const newSeriesState = (held: Held): SeriesState => ({
  held,
  cells: newCells(),
  keys: [],
  phase: 'absent',
  isChanged: false,
  start: 0,
  from: 0,
  to: 0,
  keysFrom: 0,
  ownKeys: null,
});

/** Makes it one that is there, if only with nothing in it. */
export function openSeries(state: SeriesState): void {
  state.cells.count = 0;
  if (state.keys.length > 0) state.keys = [];
  state.keysFrom = 0;
  state.ownKeys = null;
  if (state.phase === 'packed') read(state, { bytes: state.held.bytes, at: state.from });
  state.isChanged = state.phase === 'absent';
  state.phase = 'open';
}

export function keysOf(state: SeriesState): string[] {
  const { keys } = state;
  if (state.keysFrom === 0) return keys;
  const reader = keyReader(state);
  state.keysFrom = 0;
  state.ownKeys = null;
  for (let left = readNumber(reader); left > 0; left--) keys.push(readText(reader));
  return keys;
}

/** How many texts there are; the rest of them need not be read. */
export function keyCount(state: SeriesState): number {
  return state.keysFrom === 0 ? state.keys.length : readNumber(keyReader(state));
}

export function keyAt(state: SeriesState, index: number): string {
  if (state.keysFrom === 0) return state.keys[index] ?? '';
  const reader = keyReader(state);
  if (index >= readNumber(reader)) return '';
  for (let before = index; before > 0; before--) skipText(reader);
  return readText(reader);
}

/** -1: it is not there. */
export function findKey(state: SeriesState, text: string): number {
  if (state.keysFrom === 0) return state.keys.indexOf(text);
  const reader = keyReader(state);
  return findText(reader, readNumber(reader), text);
}

/** Puts a text that is not there where it belongs among sorted ones; answers its index. */
export function insertKey(state: SeriesState, text: string): number {
  const { keys, keysFrom } = state;
  let slot = 0;
  if (keysFrom === 0) {
    while (slot < keys.length && (keys[slot] as string) < text) slot++;
    keys.splice(slot, 0, text);
    return slot;
  }
  const reader = keyReader(state);
  const { bytes } = reader;
  const end = state.ownKeys === null ? state.to : bytes.length;
  const count = readNumber(reader);
  const from = reader.at;
  let place = from;
  for (; slot < count; slot++) {
    const next = readNumber(reader) + reader.at;
    if (!isTextBefore(reader, next, text)) break;
    place = next;
    reader.at = next;
  }
  const writer = shared;
  writer.at = 0;
  writeNumber(writer, count + 1);
  writeBytes(writer, bytes, from, place);
  writeText(writer, text);
  writeBytes(writer, bytes, place, end);
  state.ownKeys = written(writer);
  return slot;
}

/** Written from its beginning each time. */
const shared = newWriter();

/** Of texts that are not read. */
const keyReader = ({ held, keysFrom, ownKeys }: SeriesState): ByteReader =>
  ownKeys === null ? { bytes: held.bytes, at: keysFrom } : { bytes: ownKeys, at: 0 };

/** Its body, without id and length. It must be open. */
export function writeSeries(
  writer: ByteWriter,
  { held, cells, keys, keysFrom, ownKeys, to }: SeriesState,
): void {
  const hasKeys = keysFrom > 0 || keys.length > 0;
  writeNumber(writer, cells.count * 2 + (hasKeys ? 1 : 0));
  writeCells(writer, cells);
  if (!hasKeys) return;
  if (ownKeys !== null) {
    writeBytes(writer, ownKeys, 0, ownKeys.length);
    return;
  }
  if (keysFrom > 0) {
    writeBytes(writer, held.bytes, keysFrom, to);
    return;
  }
  writeNumber(writer, keys.length);
  for (const key of keys) writeText(writer, key);
}

/** The least number, then the gaps; values of either sign. */
export function writeCells(writer: ByteWriter, { count, numbers, values }: Cells): void {
  makeRoom(writer, count * 2 * NUMBER_BYTES_MAX);
  const { bytes } = writer;
  let at = writer.at;
  let before = 0;
  for (let index = 0; index < count; index++) {
    const number = numbers[index] as number;
    at = putNumber(bytes, at, index === 0 ? toUnsigned(number) : number - before);
    at = putNumber(bytes, at, toUnsigned(values[index] as number));
    before = number;
  }
  writer.at = at;
}

export function readCells(reader: ByteReader, cells: Cells, count: number): void {
  reserve(cells, count);
  const { numbers, values } = cells;
  let number = 0;
  for (let index = 0; index < count; index++) {
    number += index === 0 ? readSigned(reader) : readNumber(reader);
    numbers[index] = number;
    values[index] = readSigned(reader);
  }
  cells.count = count;
}

/** The least number of a series that is there, read or not. */
export function firstNumber(state: SeriesState): number {
  if (state.phase === 'open') return state.cells.numbers[0] ?? 0;
  const reader: ByteReader = { bytes: state.held.bytes, at: state.from };
  readNumber(reader);
  return readSigned(reader);
}

function read(state: SeriesState, reader: ByteReader): void {
  const head = readNumber(reader);
  readCells(reader, state.cells, Math.floor(head / 2));
  if ((head & 1) === 1) state.keysFrom = reader.at;
}
