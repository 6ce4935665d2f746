/**
 * A file that is only there to be deleted: on a full disk LMDB cannot even drop what it holds, and
 * these bytes let it. Random, so that no file system stores them for less.
 */
import { randomFillSync } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, openSync, rmSync, statSync, writeSync } from 'node:fs';

export interface Ballast {
  readonly held: boolean;
  /** Makes the file if it is not there; false when there is no room for it. */
  hold(): boolean;
  /** Gives the space back; false when there was nothing to give. */
  drop(): boolean;
}

const CHUNK_BYTES = 1 << 20;

export function createBallast(path: string, sizeBytes: number): Ballast {
  let held = existsSync(path) && statSync(path).size === sizeBytes;
  return {
    get held() {
      return held;
    },
    hold() {
      if (held || sizeBytes === 0) return held;
      held = fill(path, sizeBytes);
      return held;
    },
    drop() {
      const had = held;
      held = false;
      rmSync(path, { force: true });
      return had;
    },
  };
}

function fill(path: string, sizeBytes: number): boolean {
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  const file = openSync(path, 'w', 0o600);
  try {
    for (let left = sizeBytes; left > 0;) {
      left -= writeSync(file, randomFillSync(chunk), 0, Math.min(left, CHUNK_BYTES));
    }
    fsyncSync(file);
    return true;
  } catch {
    rmSync(path, { force: true });
    return false;
  } finally {
    closeSync(file);
  }
}
