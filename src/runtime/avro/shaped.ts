/** Bytes by shapes instead of schemas, each found by the fingerprint of the schema it was made for. */
import type { Decode, Form } from './by-schema.ts';
import { readList, type Input, type Read } from './input.ts';
import { cutOff, newOutput, writeList, written } from './output.ts';
import type { Shape } from './shape.ts';

/** Fingerprint → shape: of an envelope that of its messages, else that of the record. */
export type Shapes = Readonly<Record<string, unknown>>;

/** One for all records, one for all envelopes: nothing is written while something else is. */
const record = newOutput();
const envelopes = newOutput();

/** undefined: no shape was made for that schema. */
export function shapedEnvelope<M>(
  shapes: Shapes,
  fingerprint: string,
): Form<readonly M[]> | undefined {
  const shape = shapes[fingerprint] as Shape<M> | undefined;
  return (
    shape && {
      encode(messages, start) {
        const begin = envelopes.at;
        envelopes.at = begin + start;
        envelopes.isExact = true;
        writeList(envelopes, messages, shape.write);
        return cutOff(envelopes, begin);
      },
      decode: whole((from) => readList(from, shape.read)),
      wasExact: () => envelopes.isExact,
    }
  );
}

export function shapedRecord<R>(shapes: Shapes, fingerprint: string): Form<R> | undefined {
  const shape = shapes[fingerprint] as Shape<R> | undefined;
  return (
    shape && {
      encode(value, start) {
        record.at = start;
        shape.write(record, value);
        return written(record);
      },
      decode: whole(shape.read),
    }
  );
}

const whole =
  <T>(read: Read<T>): Decode<T> =>
  (bytes, start) => {
    const from: Input = { bytes, at: start };
    const value = read(from);
    if (from.at < bytes.length) throw new RangeError(`${bytes.length - from.at} bytes too many`);
    return value;
  };
