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
  /** By place; read by `openTexts`. */
  readonly texts: (readonly string[] | undefined)[];
  /** Where the texts begin in `bytes`. */
  textsFrom: number;
  areTextsRead: boolean;
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
  textsFrom: 0,
  areTextsRead: true,
  areTextsChanged: false,
  bytes: NOTHING,
  unknown: [],
});

export function openValues(into: OpenValues, table: ValueTable, { packed }: TagValues): void {
  if (into.source === packed) return;
  const { ids, places } = table;
  const { numbers, texts } = into;
  into.source = null;
  into.bytes = packed;
  if (into.unknown.length > 0) into.unknown = [];
  numbers.fill(NaN);
  for (let place = 0; place < texts.length; place++) texts[place] = undefined;
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
  into.areTextsRead = reader.at >= packed.length;
  into.areTextsChanged = false;
  into.source = packed;
}

/** Before values of texts are read or changed. */
export function openTexts(open: OpenValues, table: ValueTable): void {
  if (open.areTextsRead) return;
  const { ids, places } = table;
  const reader: ByteReader = { bytes: open.bytes, at: open.textsFrom };
  open.areTextsRead = true;
  let at = 0;
  while (reader.at < open.bytes.length) {
    const id = readInt32(reader);
    const texts = readTexts(reader);
    at = placeFrom(table, at, id);
    if (at < ids.length && idAt(ids, at) === id) open.texts[idAt(places, at)] = texts;
    else open.unknown.push([id, texts]);
  }
}

/** What is open has another value at the place; texts were opened before. */
export function setRaw(open: OpenValues, place: number, raw: Raw): void {
  open.source = null;
  open.numbers[place] = typeof raw === 'number' ? raw : NaN;
  const texts = typeof raw === 'object' ? raw : undefined;
  if (texts === open.texts[place]) return;
  open.texts[place] = texts;
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
  if (open.areTextsChanged) writeAllTexts(writer, open, { ids, places });
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

function writeAllTexts(writer: ByteWriter, open: OpenValues, { ids, places }: ValueTable): void {
  for (let at = 0; at < ids.length; at++) {
    const texts = open.texts[idAt(places, at)];
    if (texts !== undefined) writeRaw(writer, idAt(ids, at), texts);
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
