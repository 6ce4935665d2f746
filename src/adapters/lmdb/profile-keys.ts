/**
 * Keys of the state plane. Big-endian, so that bytes order as numbers do: a partition's states lie
 * together, its timers by the moment they are due. A key is good until the next one is made.
 */
import type { DueTimer } from '../../ports/profile-store.ts';

export interface ProfileKeys {
  partition(partition: number): Buffer;
  state(partition: number, key: string): Buffer;
  timer(partition: number, dueAt: number, key: string): Buffer;
  /** Behind every key of the partition; a copy. */
  end(partition: number): Buffer;
}

/** Of a profile's key. LMDB's own limit is 1,978, partition and due moment included. */
export const KEY_BYTES_MAX = 1_800;
const PARTITION_BYTES = 2;
const DUE_BYTES = 6;
const SCRATCH_BYTES = 1_900;
export const DUE_MAX = 2 ** 48 - 2;

export function createProfileKeys(partitions: number): ProfileKeys {
  const scratch = Buffer.alloc(SCRATCH_BYTES);
  const begin = (partition: number): void => {
    if (!Number.isInteger(partition) || partition < 0 || partition >= partitions) {
      throw new Error(`the state plane has no partition ${partition}`);
    }
    scratch.writeUInt16BE(partition, 0);
  };
  const finish = (at: number, key: string): Buffer => {
    const length = scratch.write(key, at);
    // A key that does not fit would be cut, and be another profile's.
    if (length > KEY_BYTES_MAX) throw new Error(`a key of ${length} bytes`);
    return scratch.subarray(0, at + length);
  };
  return {
    partition(partition) {
      begin(partition);
      return scratch.subarray(0, PARTITION_BYTES);
    },
    state(partition, key) {
      begin(partition);
      return finish(PARTITION_BYTES, key);
    },
    timer(partition, dueAt, key) {
      begin(partition);
      scratch.writeUIntBE(dueAt, PARTITION_BYTES, DUE_BYTES);
      return finish(PARTITION_BYTES + DUE_BYTES, key);
    },
    end(partition) {
      const end = Buffer.alloc(PARTITION_BYTES + 1);
      end.writeUIntBE((partition + 1) * 256, 0, PARTITION_BYTES + 1);
      return end;
    },
  };
}

export const readKey = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8', PARTITION_BYTES);

export function readTimerKey(bytes: Uint8Array): DueTimer {
  const key = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  return {
    dueAt: key.readUIntBE(PARTITION_BYTES, DUE_BYTES),
    key: key.toString('utf8', PARTITION_BYTES + DUE_BYTES),
  };
}
