/**
 * The values a profile's tags have: what was last said of them, so that a change is told from a
 * repetition; packed, as `schemas/tag-values.avsc` writes them. Absent tags are not there; `false` is
 * absent:
 *
 *   version · numbers: count, then id, integer · texts: id, count, texts, to the end
 *
 * Both parts stand by the tags' ids (`hash32` of the name).
 */
import {
  newWriter,
  readInt32,
  readNumber,
  readSigned,
  readText,
  skipText,
  writeBytes,
  writeInt32,
  writeNumber,
  writeSigned,
  writeText,
  written,
  type ByteReader,
  type ByteWriter,
} from '../bytes.ts';
import { WeftError } from '../../errors.ts';

export interface TagValues {
  packed: Uint8Array;
}

/** A tag's value inside: an integer (see `SCALES`), texts, or absent. A text is a list of one. */
export type Raw = number | readonly string[] | undefined;

const VERSION = 2;
const NOTHING = new Uint8Array();

export const emptyValues = (): TagValues => ({ packed: NOTHING });

/** The value of one tag, for who needs no others. */
export function rawOf({ packed }: TagValues, id: number): Raw {
  const reader = readerOf(packed);
  for (let left = numbersIn(reader); left > 0; left--) {
    const found = readInt32(reader) === id;
    const number = readSigned(reader);
    if (found) return number;
  }
  while (reader.at < packed.length) {
    const found = readInt32(reader) === id;
    const texts = readTexts(reader);
    if (found) return texts;
  }
  return undefined;
}

export function isSame(one: Raw, other: Raw): boolean {
  if (typeof one !== 'object' || typeof other !== 'object') return one === other;
  return one.length === other.length && one.every((text, index) => text === other[index]);
}

/** Values, open: one place for each tag, used for one profile after another. */
export interface OpenValues {
  source: Uint8Array | null;
  /** By place; NaN where there is none. */
  readonly numbers: Float64Array;
  /** By place; read through `textsAt`. */
  readonly texts: (readonly string[] | undefined)[];
  /** By place, from `textsFrom` on: where the id of the texts in `bytes` is, and their end; -1: nowhere. */
  readonly froms: Int32Array;
  readonly tos: Int32Array;
  /** Where the texts begin in `bytes`. */
  textsFrom: number;
  /** Then `froms` and `tos` say where each is. */
  areTextsFound: boolean;
  /** Else those in `bytes` are still good. */
  areTextsChanged: boolean;
  bytes: Uint8Array;
  /** Of tags that the plan does not know (any more). */
  unknown: [id: number, raw: number | readonly string[]][];
}

/** Ids, ascending, and the place of each. */
export interface ValueTable {
  readonly ids: readonly number[];
  readonly places: readonly number[];
}

export const valueTableOf = (ids: readonly number[]): ValueTable => {
  const places = ids.map((_, place) => place).toSorted((a, b) => idAt(ids, a) - idAt(ids, b));
  return { ids: places.map((place) => idAt(ids, place)), places };
};

export const newOpenValues = ({ ids }: ValueTable): OpenValues => ({
  source: null,
  numbers: new Float64Array(ids.length),
  texts: ids.map(() => undefined),
  froms: new Int32Array(ids.length),
  tos: new Int32Array(ids.length),
  textsFrom: 0,
  areTextsFound: true,
  areTextsChanged: false,
  bytes: NOTHING,
  unknown: [],
});

export function openValues(into: OpenValues, table: ValueTable, { packed }: TagValues): void {
  if (into.source === packed) return;
  const { ids, places } = table;
  const { numbers, texts, froms } = into;
  into.source = null;
  into.bytes = packed;
  if (into.unknown.length > 0) into.unknown = [];
  numbers.fill(NaN);
  for (let place = 0; place < texts.length; place++) {
    texts[place] = undefined;
    froms[place] = -1;
  }
  const reader = readerOf(packed);
  let at = 0;
  for (let left = numbersIn(reader); left > 0; left--) {
    const id = readInt32(reader);
    const number = readSigned(reader);
    at = placeFrom(table, at, id);
    if (at < ids.length && idAt(ids, at) === id) numbers[idAt(places, at)] = number;
    else into.unknown.push([id, number]);
  }
  into.textsFrom = reader.at;
  into.areTextsFound = reader.at >= packed.length;
  into.areTextsChanged = false;
  into.source = packed;
}

/** The texts at a place. Each is read only when it is asked for. */
export function textsAt(open: OpenValues, table: ValueTable, place: number): Raw {
  if (!open.areTextsFound) findTexts(open, table);
  const from = open.froms[place] as number;
  if (from < 0) return open.texts[place];
  const at = open.textsFrom + from + ID_BYTES;
  return (open.texts[place] ??= readTexts({ bytes: open.bytes, at }));
}

const ID_BYTES = 4;

function findTexts(open: OpenValues, table: ValueTable): void {
  const { ids, places } = table;
  const { bytes, froms, tos, textsFrom } = open;
  const reader: ByteReader = { bytes, at: textsFrom };
  open.areTextsFound = true;
  let at = 0;
  while (reader.at < bytes.length) {
    const start = reader.at;
    const id = readInt32(reader);
    at = placeFrom(table, at, id);
    if (at < ids.length && idAt(ids, at) === id) {
      for (let left = readNumber(reader); left > 0; left--) skipText(reader);
      froms[idAt(places, at)] = start - textsFrom;
      tos[idAt(places, at)] = reader.at - textsFrom;
    } else {
      open.unknown.push([id, readTexts(reader)]);
    }
  }
}

/** What is open has another value at the place; if that was texts, they were asked for before. */
export function setRaw(open: OpenValues, place: number, raw: Raw): void {
  open.source = null;
  open.numbers[place] = typeof raw === 'number' ? raw : NaN;
  const texts = typeof raw === 'object' ? raw : undefined;
  if (texts === open.texts[place]) return;
  open.texts[place] = texts;
  open.froms[place] = -1;
  open.areTextsChanged = true;
}

/** Writes what is open, which may have been changed, as the profile's values. */
export function closeValues(open: OpenValues, { ids, places }: ValueTable, to: TagValues): void {
  const writer = shared;
  const { numbers, unknown } = open;
  writer.at = 0;
  let count = 0;
  for (let place = 0; place < numbers.length; place++) if (hasNumber(numbers, place)) count++;
  for (const [, raw] of unknown) if (typeof raw === 'number') count++;
  writeNumber(writer, VERSION);
  writeNumber(writer, count);
  for (let at = 0; at < ids.length; at++) {
    const number = numbers[idAt(places, at)] as number;
    if (Number.isNaN(number)) continue;
    writeInt32(writer, idAt(ids, at));
    writeSigned(writer, number);
  }
  for (const [id, raw] of unknown) if (typeof raw === 'number') writeRaw(writer, id, raw);
  const textsFrom = writer.at;
  if (open.areTextsChanged) writeAllTexts(writer, open, { ids, places }, textsFrom);
  else writeBytes(writer, open.bytes, open.textsFrom, open.bytes.length);
  const isEmpty = count === 0 && writer.at === textsFrom;
  to.packed = isEmpty ? NOTHING : written(writer);
  open.textsFrom = isEmpty ? 0 : textsFrom;
  open.areTextsChanged = false;
  open.bytes = to.packed;
  open.source = to.packed;
}

const hasNumber = (numbers: Float64Array, place: number): boolean => !Number.isNaN(numbers[place]);

/** Written from its beginning each time. */
const shared = newWriter();

const readerOf = (packed: Uint8Array): ByteReader => ({ bytes: packed, at: 0 });

function numbersIn(reader: ByteReader): number {
  if (reader.bytes.length === 0) return 0;
  const version = readNumber(reader);
  if (version === VERSION) return readNumber(reader);
  const message = `Reading the tags of a profile: version ${version} is not known.`;
  throw new WeftError('corrupt_data', message);
}

/** Values mostly stand in the order of the table: looked for from the last found on. */
function placeFrom({ ids }: ValueTable, from: number, id: number): number {
  let at = from < ids.length && idAt(ids, from) <= id ? from : 0;
  while (at < ids.length && idAt(ids, at) < id) at++;
  return at;
}

/** Those that are as they were are copied. */
function writeAllTexts(
  writer: ByteWriter,
  open: OpenValues,
  { ids, places }: ValueTable,
  start: number,
): void {
  const { texts, froms, tos, bytes, textsFrom } = open;
  for (let at = 0; at < ids.length; at++) {
    const place = idAt(places, at);
    const from = froms[place] as number;
    const list = texts[place];
    if (from < 0 && list === undefined) continue;
    froms[place] = writer.at - start;
    if (from >= 0) writeBytes(writer, bytes, textsFrom + from, textsFrom + (tos[place] as number));
    else if (list !== undefined) writeRaw(writer, idAt(ids, at), list);
    tos[place] = writer.at - start;
  }
  for (const [id, raw] of open.unknown) if (typeof raw === 'object') writeRaw(writer, id, raw);
}

function writeRaw(writer: ByteWriter, id: number, raw: number | readonly string[]): void {
  writeInt32(writer, id);
  if (typeof raw === 'number') {
    writeSigned(writer, raw);
    return;
  }
  writeNumber(writer, raw.length);
  for (const text of raw) writeText(writer, text);
}

function readTexts(reader: ByteReader): readonly string[] {
  const texts: string[] = [];
  for (let left = readNumber(reader); left > 0; left--) texts.push(readText(reader));
  return texts;
}

const idAt = (list: readonly number[], index: number): number => list[index] as number;
