/** Where a partition of the state plane stands, as bytes of one size. */
import type { Position } from '../../ports/outbox.ts';

export interface Standing {
  readonly epoch: number;
  readonly position: Position;
  readonly clock: number;
  readonly horizon: Position | null;
}

export const NEVER_CLAIMED: Standing = {
  epoch: 0,
  position: { offset: 0, index: 0 },
  clock: 0,
  horizon: null,
};

const POSITION_BYTES = 12;
const STANDING_BYTES = 16 + 2 * POSITION_BYTES;
/** An offset no log has: there is no horizon. */
const NONE: Position = { offset: -1, index: 0 };

export function encodeStanding({ epoch, position, clock, horizon }: Standing): Buffer {
  const bytes = Buffer.alloc(STANDING_BYTES);
  bytes.writeDoubleLE(epoch, 0);
  bytes.writeDoubleLE(clock, 8);
  writePosition(bytes, 16, position);
  writePosition(bytes, 16 + POSITION_BYTES, horizon ?? NONE);
  return bytes;
}

export function decodeStanding(bytes: Buffer): Standing {
  const horizon = readPosition(bytes, 16 + POSITION_BYTES);
  return {
    epoch: bytes.readDoubleLE(0),
    clock: bytes.readDoubleLE(8),
    position: readPosition(bytes, 16),
    horizon: horizon.offset === NONE.offset ? null : horizon,
  };
}

/** Is `position` at `goal` or beyond it? */
export const hasReached = (position: Position, goal: Position): boolean =>
  position.offset > goal.offset ||
  (position.offset === goal.offset && position.index >= goal.index);

function writePosition(bytes: Buffer, at: number, { offset, index }: Position): void {
  bytes.writeDoubleLE(offset, at);
  bytes.writeUInt32LE(index, at + 8);
}

const readPosition = (bytes: Buffer, at: number): Position => ({
  offset: bytes.readDoubleLE(at),
  index: bytes.readUInt32LE(at + 8),
});
