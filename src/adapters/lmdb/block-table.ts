/**
 * Blocks of bytes by partition and number, in two tables: the bytes in the order they came, and an
 * index that says where the blocks of a partition begin. Bytes are only ever added behind the last
 * ones, which fills pages (by partition they were half empty, measured), and cut into pieces that
 * LMDB keeps inside a page: a larger value needs pages that lie together, and finding those in a
 * fragmented file costs more than everything else (0.4–3 ms a block, measured). Two pieces fill a
 * page of 4 KB.
 *
 *   index: u16 partition id · u48 first offset  ->  u48 place
 *   bytes: u48 place                            ->  a piece
 */
import type { Database } from 'lmdb';
import { lengthOf } from './block.ts';

export interface BlockTable {
  /** Inside a transaction only. */
  write(id: number, first: number, block: Buffer): void;
  /** A copy of the block that begins at this offset, as far as it is there. */
  read(id: number, first: number): Buffer | undefined;
  /** Where the last block begins that begins at or before this offset. */
  firstAt(id: number, offset: number): number | undefined;
  /** Where the blocks of a partition begin, in order. */
  firsts(id: number): readonly number[];
  /** Inside a transaction: the blocks of a partition can no longer be found. */
  forget(id: number): void;
  /** Inside a transaction: everything goes. */
  clear(): void;
  readonly tables: readonly Database[];
  /** Inside a transaction, after which the object is of no use, whatever became of it. */
  drop(): void;
}

export type BytesTable = Database<Uint8Array, Uint8Array>;

const PIECE_BYTES = 2_000;
const PLACE_BYTES = 6;
const APPEND = { append: true };

/** Makes the tables where they are not there. */
export function openBlockTable(open: (name: string) => BytesTable, name: string): BlockTable {
  const bytes = open(name);
  const index = open(`${name}.index`);
  const key = Buffer.alloc(2 + PLACE_BYTES);
  const place = Buffer.alloc(PLACE_BYTES);
  const keyOf = (id: number, first: number): Buffer => {
    key.writeUInt16BE(id, 0);
    key.writeUIntBE(first, 2, 6);
    return key;
  };
  const placeOf = (number: number): Buffer => {
    place.writeUIntBE(number, 0, PLACE_BYTES);
    return place;
  };
  // Also ahead of what an aborted transaction wrote: places may be left out, never used twice.
  let end = findEnd(bytes);

  return {
    write(id, first, block) {
      index.putSync(keyOf(id, first), placeOf(end));
      for (let at = 0; at < block.length; at += PIECE_BYTES, end += 1) {
        const piece = block.subarray(at, at + PIECE_BYTES);
        const taken: unknown = bytes.putSync(placeOf(end), piece, APPEND);
        if (taken === false) throw new Error(`${name} goes on behind place ${end}`);
      }
    },
    read(id, first) {
      const found = index.getBinaryFast(keyOf(id, first));
      if (found === undefined) return undefined;
      let at = found.readUIntBE(0, PLACE_BYTES);
      const begin = bytes.getBinaryFast(placeOf(at));
      if (begin === undefined) return undefined;
      const block = Buffer.allocUnsafeSlow(lengthOf(begin));
      copyPiece(begin, block, 0);
      for (let done = PIECE_BYTES; done < block.length; done += PIECE_BYTES) {
        at += 1;
        const next = bytes.getBinaryFast(placeOf(at));
        if (next === undefined) return undefined;
        copyPiece(next, block, done);
      }
      return block;
    },
    firstAt(id, offset) {
      for (const found of index.getKeys({ start: keyOf(id, offset), reverse: true, limit: 1 })) {
        const view = viewOf(found);
        if (view.readUInt16BE(0) === id) return view.readUIntBE(2, 6);
      }
      return undefined;
    },
    firsts: (id) => [...keysOf(index, id)].map((found) => viewOf(found).readUIntBE(2, 6)),
    forget(id) {
      const found = [...keysOf(index, id)];
      for (const key of found) index.removeSync(key);
    },
    clear() {
      bytes.clearSync();
      index.clearSync();
    },
    tables: [bytes as Database, index as Database],
    drop() {
      bytes.dropSync();
      index.dropSync();
    },
  };
}

function keysOf(index: BytesTable, id: number): Iterable<Uint8Array> {
  const start = Buffer.alloc(2);
  const end = Buffer.alloc(3);
  start.writeUInt16BE(id, 0);
  end.writeUIntBE((id + 1) * 256, 0, 3);
  return index.getKeys({ start, end });
}

const viewOf = ({ buffer, byteOffset, length }: Uint8Array): Buffer =>
  Buffer.from(buffer, byteOffset, length);

function findEnd(bytes: BytesTable): number {
  for (const last of bytes.getKeys({ reverse: true, limit: 1 })) {
    return viewOf(last).readUIntBE(0, PLACE_BYTES) + 1;
  }
  return 0;
}

/** A piece is lmdb-js's own buffer, larger than what was read: only `length` tells. */
function copyPiece(piece: Buffer, block: Buffer, at: number): void {
  block.set(piece.subarray(0, Math.min(piece.length, block.length - at)), at);
}
