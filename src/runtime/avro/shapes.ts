/** The shape of each schema in `schemas/`, by its fingerprint: of another schema there is none. */
import { ACTIONS } from './actions.ts';
import type { Form } from './by-schema.ts';
import { CHANGES } from './changes.ts';
import { DEAD_LETTERS } from './dead-letters.ts';
import { DELIVERIES } from './deliveries.ts';
import { EVENTS } from './events.ts';
import { readList, type Input } from './input.ts';
import { newOutput, writeList, written } from './output.ts';
import { PROFILE_STATE } from './profile-state.ts';
import { RAW } from './raw.ts';
import type { Shape } from './shape.ts';

const SHAPES: Readonly<Record<string, unknown>> = {
  '392192115e13573160f6fd52050f71bc': RAW,
  '2e6034d93186f18ac31e8e5829dd58f3': EVENTS,
  '747517d54e5620cd350346bfae365040': CHANGES,
  '9fbe155087e90bab74c9c7ca52d6018d': ACTIONS,
  '8ccaa21aff178b281344c777eed3c4ff': DELIVERIES,
  '57cdcd346e276b05f7d0f83df4a60627': DEAD_LETTERS,
  '96300a00e14c2d0b99277a14ac6c3cf5': PROFILE_STATE,
};

/** For all: nothing is written while something else is. */
const out = newOutput();

export function shapedEnvelope<M>(fingerprint: string): Form<readonly M[]> | undefined {
  const shape = SHAPES[fingerprint] as Shape<M> | undefined;
  return (
    shape &&
    formOf({
      write: (to, messages) => writeList(to, messages, shape.write),
      read: (from) => readList(from, shape.read),
    })
  );
}

export function shapedRecord<R>(fingerprint: string): Form<R> | undefined {
  const shape = SHAPES[fingerprint] as Shape<R> | undefined;
  return shape && formOf(shape);
}

const formOf = <T>({ write, read }: Shape<T>): Form<T> => ({
  encode(value, start) {
    out.at = start;
    write(out, value);
    return written(out);
  },
  decode(bytes, start) {
    const from: Input = { bytes, at: start };
    const value = read(from);
    if (from.at < bytes.length) throw new RangeError(`${bytes.length - from.at} bytes too many`);
    return value;
  },
});
