/** Any profile's state as avsc has it. */
import { readFileSync } from 'node:fs';
import fc, { type Arbitrary } from 'fast-check';
import { describe } from 'vitest';
import type { ProfileState } from '../../src/domain/profile/profile-state.ts';
import { composeSchema } from '../../src/runtime/codec.ts';
import { recordForm } from '../../src/runtime/avro/by-schema.ts';
import { isAsAvsc } from '../../src/runtime/avro/shape.contract.ts';
import { shapedRecord } from '../../src/runtime/avro/shaped.ts';
import { SHAPES } from './shapes.ts';

const text = fc.string({ unit: 'grapheme', maxLength: 8 });
const moment = fc.integer({ min: -8.64e14, max: 8.64e14 });
const bytes = fc.uint8Array({ maxLength: 12 });
const orNull = <T>(of: Arbitrary<T>): Arbitrary<T | null> => fc.option(of, { nil: null });
const few = <T>(of: Arbitrary<T>): Arbitrary<T[]> => fc.array(of, { maxLength: 3 });
const int = fc.integer();
const state: { [K in keyof ProfileState]: Arbitrary<ProfileState[K]> } = {
  forward: orNull(fc.record({ to: text, mergeId: text })),
  anonymous: fc.boolean(),
  clock: moment,
  catalogue: int,
  decayAt: orNull(moment),
  recent: fc.record({ packed: bytes }),
  identifiers: fc.record({ packed: bytes }),
  merges: few(text),
  attributes: few(fc.record({ name: text, value: text, at: moment, eventId: text })),
  consents: few(fc.record({ channel: text, purpose: text, granted: fc.boolean(), at: moment })),
  aggregates: fc.record({ packed: bytes }),
  tags: fc.record({ packed: bytes }),
  triggers: fc.record({ packed: bytes }),
};
const schemaText = (name: string): string =>
  readFileSync(new URL(`../../schemas/${name}.avsc`, import.meta.url), 'utf8');
const schema = composeSchema(schemaText('profile-state'), {
  Aggregates: schemaText('aggregates'),
  TagValues: schemaText('tag-values'),
  TriggerState: schemaText('trigger-state'),
});

describe('the shape of profile-state', () => {
  const bySchema = recordForm<ProfileState>(JSON.parse(schema));
  isAsAvsc({
    bySchema,
    shaped: shapedRecord(SHAPES, bySchema.fingerprint),
    values: fc.sample(fc.record(state), 100),
  });
});
