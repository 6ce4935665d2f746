import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openEnvironment } from './environment.ts';

const PARTITIONS = 3;

type Step =
  | { readonly kind: 'append'; readonly sizes: readonly [partition: number, bytes: number][] }
  /** The transaction appends and is then undone. */
  | { readonly kind: 'abort'; readonly sizes: readonly [partition: number, bytes: number][] }
  | { readonly kind: 'drop'; readonly keep: number }
  | { readonly kind: 'reopen' };

const sizes = fc.array(
  fc.tuple(
    fc.nat({ max: PARTITIONS - 1 }),
    fc.oneof(fc.nat({ max: 60 }), fc.nat({ max: 2_500 }), fc.nat({ max: 90_000 })),
  ),
  { maxLength: 12 },
);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 10, arbitrary: fc.record({ kind: fc.constant('append'), sizes }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('abort'), sizes }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('drop'), keep: fc.nat({ max: 20 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reopen') }) },
);

/** What a list would say: the text of every record there ever was, by partition. */
interface Model {
  readonly texts: readonly string[][];
  now: number;
}

/** Answers after how many of the steps log and list were found alike: all of them, or it has thrown. */
async function play(steps: readonly Step[]): Promise<number> {
  const dir = mkdtempSync(join(tmpdir(), 'weft-segments-'));
  const model: Model = { texts: Array.from({ length: PARTITIONS }, () => []), now: 0 };
  const open = () =>
    openEnvironment(dir, {
      clock: { now: () => model.now },
      partitions: 1,
      topics: [{ name: 'events', partitions: PARTITIONS }],
      ballastBytes: 0,
      segmentBytes: 30_000,
    });
  let environment = open();
  let serial = 0;
  let alike = 0;
  const recordsOf = (step: Extract<Step, { sizes: unknown }>) =>
    step.sizes.map(([partition, bytes]) => {
      serial += 1;
      const value = Buffer.from(`${serial}/`.padEnd(bytes, String(serial)));
      return { topic: 'events', partition, schema: serial, value };
    });
  try {
    for (const one of steps) {
      model.now += 1;
      if (one.kind === 'append') {
        const records = recordsOf(one);
        environment.write(() => environment.appendInside(records));
        for (const { partition, value } of records) model.texts[partition]?.push(String(value));
      } else if (one.kind === 'abort') {
        const records = recordsOf(one);
        undo(environment, () => environment.appendInside(records));
      } else if (one.kind === 'drop') {
        environment.dropBefore(model.now - one.keep);
      } else {
        await environment.close();
        environment = open();
      }
      compare(environment, model);
      alike += 1;
    }
    return alike;
  } finally {
    await environment.close();
    rmSync(dir, { recursive: true });
  }
}

function undo(environment: ReturnType<typeof openEnvironment>, work: () => void): void {
  const change = new Error('changed my mind');
  try {
    environment.write(() => {
      work();
      throw change;
    });
  } catch (error) {
    if (error !== change) throw error;
  }
}

function compare(environment: ReturnType<typeof openEnvironment>, model: Model): void {
  for (const [partition, texts] of model.texts.entries()) {
    const where = { topic: 'events', partition };
    const { first, next } = environment.bounds(where);
    expect(next).toBe(texts.length);
    // From the first, from somewhere in the middle, and the last.
    for (const from of new Set([first, (first + next) >> 1, Math.max(first, next - 1)])) {
      const read = environment.read(where, from, { recordsMax: 10_000, bytesMax: 1e9 });
      expect(read.map(({ offset }) => offset)).toEqual(
        Array.from({ length: next - from }, (_, i) => from + i),
      );
      expect(read.map(({ value }) => String(value))).toEqual(texts.slice(from));
    }
  }
}

describe('the segments of the log', () => {
  it('read as a list would, whatever is appended, undone, dropped and opened again', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 30 }), async (steps) => {
        expect(await play(steps)).toBe(steps.length);
      }),
      { numRuns: 15 },
    );
  });
});
