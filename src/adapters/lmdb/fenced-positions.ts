/**
 * Where owners stand, by name, in a table of the environment: an epoch and a position. Outputs need
 * no outbox here: they go into the log in the same transaction.
 */
import type { Position } from '../../ports/outbox.ts';
import type { Environment } from './environment.ts';

export interface FencedPosition {
  readonly epoch: number;
  readonly position: Position;
}

export interface FencedMove {
  readonly epoch: number;
  readonly from: Position;
}

export interface FencedPositions {
  /** Takes the name over: a new epoch, everything else as it was. Durable when it returns. */
  claim(name: string): FencedPosition;
  get(name: string): FencedPosition;
  check(name: string, move: FencedMove): 'ok' | 'fenced' | 'moved';
  /** Inside `write`, after `check`. */
  advance(name: string, to: Position): void;
  names(): readonly string[];
}

const BEGINNING: FencedPosition = { epoch: 0, position: { offset: 0, index: 0 } };

export function openFencedPositions(environment: Environment, table: string): FencedPositions {
  const rows = environment.openTable<FencedPosition, string>(table, {
    encoding: 'json',
    keyEncoding: 'ordered-binary',
  });
  const get = (name: string): FencedPosition => rows.get(name) ?? BEGINNING;
  return {
    claim(name) {
      const claimed = { ...get(name), epoch: get(name).epoch + 1 };
      environment.write(() => rows.putSync(name, claimed));
      return claimed;
    },
    get,
    check(name, { epoch, from }) {
      const { epoch: current, position } = get(name);
      if (current !== epoch) return 'fenced';
      return position.offset === from.offset && position.index === from.index ? 'ok' : 'moved';
    },
    advance(name, { offset, index }) {
      rows.putSync(name, { epoch: get(name).epoch, position: { offset, index } });
    },
    names: () => [...rows.getKeys({})],
  };
}
