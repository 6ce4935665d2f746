/** Bytes by shapes instead of schemas, each found by the fingerprint of the schema it was made for. */
import type { Form } from './by-schema.ts';
import { readList, type Input } from './input.ts';
import { newOutput, writeList, written } from './output.ts';
import type { Shape } from './shape.ts';

/** Fingerprint → shape: of an envelope that of its messages, else that of the record. */
export type Shapes = Readonly<Record<string, unknown>>;

/** For all: nothing is written while something else is. */
const out = newOutput();

/** undefined: no shape was made for that schema. */
export function shapedEnvelope<M>(
  shapes: Shapes,
  fingerprint: string,
): Form<readonly M[]> | undefined {
  const shape = shapes[fingerprint] as Shape<M> | undefined;
  return (
    shape &&
    formOf({
      write: (to, messages) => writeList(to, messages, shape.write),
      read: (from) => readList(from, shape.read),
    })
  );
}

export function shapedRecord<R>(shapes: Shapes, fingerprint: string): Form<R> | undefined {
  const shape = shapes[fingerprint] as Shape<R> | undefined;
  return shape && formOf(shape);
}

const formOf = <T>({ write, read }: Shape<T>): Form<T> => ({
  encode(value, start) {
    out.at = start;
    out.isExact = true;
    write(out, value);
    return written(out);
  },
  decode(bytes, start) {
    const from: Input = { bytes, at: start };
    const value = read(from);
    if (from.at < bytes.length) throw new RangeError(`${bytes.length - from.at} bytes too many`);
    return value;
  },
  wasExact: () => out.isExact,
});
