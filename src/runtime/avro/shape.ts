/**
 * What a record's bytes are, said by hand for the schemas that every event passes through: its
 * fields, in the order of its schema, written and read by code that the compiler sees whole. Of a
 * schema that only exists at run time avsc makes the same, slower.
 */
import { readNumber, type Input, type Read } from './input.ts';
import { writeNumber, type Output, type Write } from './output.ts';

export interface Shape<T> {
  readonly write: Write<T>;
  readonly read: Read<T>;
}

/** An enum of one symbol, by which a message is known. */
export function writeSymbol(out: Output, value: string, symbol: string): void {
  if (value !== symbol) throw new TypeError(`invalid kind: ${value} where ${symbol} is meant`);
  writeNumber(out, 0);
}

export function readSymbol<S extends string>(from: Input, symbol: S): S {
  const index = readNumber(from);
  if (index !== 0) throw new RangeError(`no symbol ${index} beside ${symbol}`);
  return symbol;
}

/** The one branch of a topic that carries one kind of message. */
export const onlyBranch = <T>({ write, read }: Shape<T>): Shape<T> => ({
  write(out, value) {
    writeNumber(out, 0);
    write(out, value);
  },
  read(from) {
    const branch = readNumber(from);
    if (branch !== 0) throw new RangeError(`no branch ${branch} in a union of one`);
    return read(from);
  },
});
