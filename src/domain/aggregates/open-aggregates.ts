/**
 * Aggregates, open: one place for each series of the plan, used for one profile after another, so
 * that an event allocates next to nothing. What is open is known by its bytes and good for these
 * only; `close` writes them anew, and copies what nobody asked for. The bytes:
 *
 *   version · orders: length, body · carts: length, body · series: id, length, body, to the end
 *
 * Series stand by their ids; those the plan does not know come last and are carried along.
 */
import {
  endBlock,
  newWriter,
  readInt32,
  readNumber,
  startBlock,
  writeBytes,
  writeInt32,
  writeNumber,
  written,
  type ByteReader,
  type ByteWriter,
} from '../bytes.ts';
import { WeftError } from '../../errors.ts';
import { readCarts, writeCarts, type CartState } from './cart-state.ts';
import { readOrders, writeOrders, type OrderState } from './order-state.ts';
import type { Series } from './series.ts';
import {
  newSeriesState,
  openSeries,
  writeSeries,
  type Held,
  type SeriesState,
} from './series-state.ts';
import type { Aggregates } from './state.ts';

/** A list that stays packed until it is asked for. */
interface Packed<T> {
  from: number;
  to: number;
  list: T[] | null;
}

export interface OpenAggregates {
  /** What is open; null: nothing, or something that is being changed. */
  source: Uint8Array | null;
  readonly held: Held;
  /** By place in the plan; read through `seriesAt`. */
  readonly series: readonly SeriesState[];
  /** Read through `ordersOf`, `cartsOf`. */
  readonly orders: Packed<OrderState>;
  readonly carts: Packed<CartState>;
  /** Series the plan does not know: id, length and body, as they are. */
  unknown: Uint8Array[];
}

/** What the plan knows of series: sorted by id. */
export interface SeriesTable {
  readonly series: readonly Series[];
  readonly byId: ReadonlyMap<number, Series>;
}

const VERSION = 2;
const NOTHING = new Uint8Array();

export function newOpenAggregates(series: readonly Series[]): OpenAggregates {
  const held = { bytes: NOTHING };
  return {
    source: null,
    held,
    series: series.map(() => newSeriesState(held)),
    orders: { from: 0, to: 0, list: null },
    carts: { from: 0, to: 0, list: null },
    unknown: [],
  };
}

/** Into `into`, unless it is open there already. */
export function open(into: OpenAggregates, table: SeriesTable, { packed }: Aggregates): void {
  if (into.source === packed) return;
  into.source = null;
  into.held.bytes = packed;
  if (into.unknown.length > 0) into.unknown = [];
  const reader: ByteReader = { bytes: packed, at: 0 };
  if (packed.length > 0) readVersion(reader);
  readPacked(into.orders, reader);
  readPacked(into.carts, reader);
  findSeries(into, table, reader);
  into.source = packed;
}

export function seriesAt({ series }: OpenAggregates, place: number): SeriesState {
  const state = series[place] as SeriesState;
  if (state.phase !== 'open') openSeries(state);
  return state;
}

/** As `seriesAt`, for who is going to change it. */
export function changeSeries(opened: OpenAggregates, place: number): SeriesState {
  const state = seriesAt(opened, place);
  state.isChanged = true;
  return state;
}

/** Is there anything in it? Known without reading it. */
export function hasSeries({ series }: OpenAggregates, place: number): boolean {
  const { phase, cells } = series[place] as SeriesState;
  return phase === 'packed' || (phase === 'open' && cells.count > 0);
}

export const ordersOf = ({ orders, held: { bytes } }: OpenAggregates): OrderState[] =>
  (orders.list ??= sizeOf(orders) === 0 ? [] : readOrders({ bytes, at: orders.from }));

export const cartsOf = ({ carts, held: { bytes } }: OpenAggregates): CartState[] =>
  (carts.list ??= sizeOf(carts) === 0 ? [] : readCarts({ bytes, at: carts.from }));

/** Writes what is open, which may have been changed, as the profile's aggregates. */
export function close(from: OpenAggregates, { series }: SeriesTable, to: Aggregates): void {
  const { held } = from;
  const writer = shared;
  writer.at = 0;
  writeNumber(writer, VERSION);
  writePacked(writer, from.orders, held.bytes, writeOrders);
  writePacked(writer, from.carts, held.bytes, writeCarts);
  const bare = writer.at;
  for (let place = 0; place < series.length; place++) {
    const state = from.series[place] as SeriesState;
    if (isAsItWas(state)) {
      place = copySeries(writer, from.series, place);
    } else if (state.cells.count === 0 || state.phase === 'absent') {
      state.phase = 'absent';
    } else {
      writeOpenSeries(writer, (series[place] as Series).id, state);
    }
  }
  for (const bytes of from.unknown) writeBytes(writer, bytes, 0, bytes.length);
  const isEmpty = writer.at === bare && sizeOf(from.orders) + sizeOf(from.carts) === 0;
  to.packed = isEmpty ? NOTHING : written(writer);
  held.bytes = to.packed;
  from.source = to.packed;
}

/** Written from its beginning each time. */
const shared = newWriter();

function readVersion(reader: ByteReader): void {
  const version = readNumber(reader);
  if (version !== VERSION) throw corrupt(`version ${version} is not known`);
}

function readPacked(packed: Packed<unknown>, reader: ByteReader): void {
  packed.list = null;
  const length = reader.at < reader.bytes.length ? readNumber(reader) : 0;
  packed.from = reader.at;
  reader.at += length;
  packed.to = reader.at;
}

const sizeOf = ({ from, to }: Packed<unknown>): number => to - from;

function writePacked<T>(
  writer: ByteWriter,
  packed: Packed<T>,
  source: Uint8Array,
  write: (writer: ByteWriter, list: readonly T[]) => void,
): void {
  const start = startBlock(writer);
  if (packed.list === null) writeBytes(writer, source, packed.from, packed.to);
  else if (packed.list.length > 0) write(writer, packed.list);
  const length = endBlock(writer, start);
  packed.from = writer.at - length;
  packed.to = writer.at;
}

/** Notes for each series of the plan where it stands, or that it is absent. */
function findSeries(into: OpenAggregates, { series, byId }: SeriesTable, reader: ByteReader): void {
  const { bytes } = reader;
  let place = 0;
  while (reader.at < bytes.length) {
    const start = reader.at;
    const id = readInt32(reader);
    const length = readNumber(reader);
    const from = reader.at;
    reader.at = from + length;
    while (place < series.length && (series[place] as Series).id < id) {
      (into.series[place++] as SeriesState).phase = 'absent';
    }
    const isNext = place < series.length && (series[place] as Series).id === id;
    const at = isNext ? place++ : byId.get(id)?.place;
    if (at === undefined) {
      into.unknown.push(bytes.slice(start, reader.at));
      continue;
    }
    const state = into.series[at] as SeriesState;
    state.phase = 'packed';
    state.keysFrom = 0;
    state.start = start;
    state.from = from;
    state.to = reader.at;
  }
  while (place < series.length) (into.series[place++] as SeriesState).phase = 'absent';
  if (reader.at !== bytes.length) throw corrupt('they do not end where they should');
}

const isAsItWas = ({ phase, isChanged }: SeriesState): boolean =>
  phase === 'packed' || (phase === 'open' && !isChanged);

/** With all that follow it in the bytes and are as they were; answers the place of the last. */
function copySeries(writer: ByteWriter, all: readonly SeriesState[], first: number): number {
  const { held, start } = all[first] as SeriesState;
  const moved = writer.at - start;
  let { to } = all[first] as SeriesState;
  let last = first;
  for (let place = first; place < all.length; place++) {
    const state = all[place] as SeriesState;
    if (state.phase === 'absent') continue;
    if (!isAsItWas(state) || (place > first && state.start !== to)) break;
    last = place;
    to = state.to;
    state.start += moved;
    state.from += moved;
    state.to += moved;
    if (state.keysFrom > 0) state.keysFrom += moved;
  }
  writeBytes(writer, held.bytes, start, to);
  return last;
}

function writeOpenSeries(writer: ByteWriter, id: number, state: SeriesState): void {
  state.start = writer.at;
  writeInt32(writer, id);
  const start = startBlock(writer);
  writeSeries(writer, state);
  const length = endBlock(writer, start);
  if (state.ownKeys !== null) state.keysFrom = writer.at - state.ownKeys.length;
  else if (state.keysFrom > 0) state.keysFrom += writer.at - state.to;
  state.ownKeys = null;
  state.to = writer.at;
  state.from = writer.at - length;
  state.isChanged = false;
}

const corrupt = (why: string): WeftError =>
  new WeftError('corrupt_data', `Reading the windows of a profile: ${why}.`);
