/**
 * The states of one commit as a block of bytes. What is decoded are views of it: as long as one of
 * them is held, the whole block is.
 *
 *   a block's header · each: u16 key bytes · u8 deleted · f64 due, -1 never · u32 value bytes ·
 *   key · value
 */
import type { StateWrite } from '../../ports/profile-store.ts';
import { COUNT_AT, HEADER_BYTES, seal } from './block.ts';
import { DUE_MAX, KEY_BYTES_MAX } from './profile-keys.ts';

/** A state as it is kept: null was deleted. */
export interface KeptState {
  readonly value: Buffer | null;
  readonly dueAt: number | null;
}

const KEY_AT = 15;
const NEVER = -1;
/** The count is a u16. */
export const BLOCK_STATES_MAX = 2 ** 16 - 1;

export interface EncodedStates {
  readonly block: Buffer;
  /** Where each value stands in the block. */
  readonly values: readonly (Buffer | null)[];
}

export function encodeStates(writes: readonly StateWrite[]): EncodedStates {
  let size = HEADER_BYTES;
  for (const { key, value, dueAfter } of writes) {
    const keyBytes = Buffer.byteLength(key);
    // Here and not when it is folded: then it is too late to refuse.
    if (keyBytes > KEY_BYTES_MAX) throw new Error(`a key of ${keyBytes} bytes`);
    if (dueAfter !== null && !isMoment(dueAfter)) throw new Error(`a timer due at ${dueAfter}`);
    size += KEY_AT + keyBytes + (value?.length ?? 0);
  }
  const block = Buffer.allocUnsafeSlow(size);
  const values: (Buffer | null)[] = [];
  block.writeUInt16LE(writes.length, COUNT_AT);
  let at = HEADER_BYTES;
  for (const { key, value, dueAfter } of writes) {
    const keyBytes = block.write(key, at + KEY_AT);
    block.writeUInt16LE(keyBytes, at);
    block.writeUInt8(value === null ? 1 : 0, at + 2);
    block.writeDoubleLE(dueAfter ?? NEVER, at + 3);
    block.writeUInt32LE(value?.length ?? 0, at + 11);
    at += KEY_AT + keyBytes;
    if (value !== null) block.set(value, at);
    values.push(value && block.subarray(at, at + value.length));
    at += value?.length ?? 0;
  }
  seal(block);
  return { block, values };
}

const isMoment = (at: number): boolean => Number.isInteger(at) && at >= 0 && at <= DUE_MAX;

/** Of a block that is whole. */
export function decodeStates(block: Buffer): readonly (readonly [key: string, state: KeptState])[] {
  const states: [string, KeptState][] = [];
  let at = HEADER_BYTES;
  for (let left = block.readUInt16LE(COUNT_AT); left > 0; left -= 1) {
    const keyEnd = at + KEY_AT + block.readUInt16LE(at);
    const valueEnd = keyEnd + block.readUInt32LE(at + 11);
    const dueAt = block.readDoubleLE(at + 3);
    states.push([
      block.toString('utf8', at + KEY_AT, keyEnd),
      {
        value: block.readUInt8(at + 2) === 1 ? null : block.subarray(keyEnd, valueEnd),
        dueAt: dueAt === NEVER ? null : dueAt,
      },
    ]);
    at = valueEnd;
  }
  return states;
}
