/** What lies in a cart: what was put in and taken out since it was last paid. */
import {
  readInt32,
  readNumber,
  writeInt32,
  writeNumber,
  type ByteReader,
  type ByteWriter,
} from '../bytes.ts';
import { newCells, type Cells } from './cells.ts';
import { readCells, writeCells } from './series-state.ts';

export interface CartState {
  /** `hash32(cart.id)`; that of '' for events without a cart id. */
  readonly key: number;
  /** The latest payment + 1; 0: none. */
  closed: number;
  /** Moment → fen put in (taken out: negative), none before `closed`. */
  readonly changes: Cells;
}

export function writeCarts(writer: ByteWriter, carts: readonly CartState[]): void {
  writeNumber(writer, carts.length);
  for (const { key, closed, changes } of carts) {
    writeInt32(writer, key);
    writeNumber(writer, closed);
    writeNumber(writer, changes.count);
    writeCells(writer, changes);
  }
}

export function readCarts(reader: ByteReader): CartState[] {
  const carts: CartState[] = [];
  for (let left = readNumber(reader); left > 0; left--) {
    const cart = { key: readInt32(reader), closed: readNumber(reader), changes: newCells() };
    readCells(reader, cart.changes, readNumber(reader));
    carts.push(cart);
  }
  return carts;
}
