/** What is remembered of an order, so that refunds and cancellations can be told from each other. */
import {
  readInt32,
  readNumber,
  readSigned,
  writeInt32,
  writeNumber,
  writeSigned,
  type ByteReader,
  type ByteWriter,
} from '../bytes.ts';
import { newCells, type Cells } from './cells.ts';
import { readCells, writeCells } from './series-state.ts';

export interface OrderState {
  /** `hash32(order.id)`. */
  readonly key: number;
  /** UTC day of its latest event. */
  readonly day: number;
  /** How many `order_paid` were counted; 0: only refunds or a cancellation have come so far. */
  readonly counted: number;
  /** Fen, as paid. */
  readonly total: number;
  /** Moment → fen paid back; null: nothing. */
  readonly refunds: Cells | null;
  /** The earliest cancellation; null: none. */
  readonly cancelledAt: number | null;
}

/** Sorted by (day, key). Most orders were paid once and nothing else: these take the least. */
export function writeOrders(writer: ByteWriter, orders: readonly OrderState[]): void {
  writeNumber(writer, orders.length);
  let before = 0;
  for (const { key, day, counted, total, refunds, cancelledAt } of orders) {
    const isPlain = counted === 1 && refunds === null && cancelledAt === null;
    writeInt32(writer, key);
    writeSigned(writer, day - before);
    writeNumber(writer, counted * 2 + (isPlain ? 0 : 1));
    writeSigned(writer, total);
    if (!isPlain) {
      writeNumber(writer, refunds?.count ?? 0);
      if (refunds !== null) writeCells(writer, refunds);
      writeNumber(writer, cancelledAt === null ? 0 : cancelledAt + 1);
    }
    before = day;
  }
}

export function readOrders(reader: ByteReader): OrderState[] {
  const orders: OrderState[] = [];
  let day = 0;
  for (let left = readNumber(reader); left > 0; left--) {
    const key = readInt32(reader);
    day += readSigned(reader);
    const head = readNumber(reader);
    const total = readSigned(reader);
    const rest = (head & 1) === 0 ? PLAIN : readRest(reader);
    orders.push({ key, day, counted: head >>> 1, total, ...rest });
  }
  return orders;
}

const PLAIN: Pick<OrderState, 'refunds' | 'cancelledAt'> = { refunds: null, cancelledAt: null };

function readRest(reader: ByteReader): Pick<OrderState, 'refunds' | 'cancelledAt'> {
  const count = readNumber(reader);
  const refunds = count === 0 ? null : newCells();
  if (refunds !== null) readCells(reader, refunds, count);
  const cancelled = readNumber(reader);
  return { refunds, cancelledAt: cancelled === 0 ? null : cancelled - 1 };
}
