import { describe, expect, it } from 'vitest';
import { createFaults } from './faults.ts';
import type { FaultOptions } from './faults.ts';

/** A port that writes down what was really done. */
const createSink = () => {
  const done: string[] = [];
  return {
    done,
    async add(items: readonly string[]) {
      done.push(...items);
      return done.length;
    },
    size: () => done.length,
  };
};

const run = async (options: FaultOptions, calls: number) => {
  const sink = createSink();
  const faults = createFaults(options);
  const port = faults.wrap(sink, { calls: ['add'], lists: ['add'] });
  const answers: string[] = [];
  for (let i = 0; i < calls; i += 1) {
    answers.push(await port.add([`${i}a`, `${i}b`]).then(String, (e: Error) => e.message));
  }
  return { answers, done: sink.done, faults, port };
};

describe('faults', () => {
  it.each([
    { kind: 'before', answer: 'add: the connection was lost before it acted', done: [] },
    { kind: 'after', answer: 'add: the connection was lost after it acted', done: ['0a', '0b'] },
    { kind: 'twice', answer: '4', done: ['0a', '0b', '0a', '0b'] },
  ])('$kind: answers $answer', async ({ kind, answer, done }) => {
    const result = await run({ seed: 1, percent: { [kind]: 100 } }, 1);
    expect(result.answers).toEqual([answer]);
    expect(result.done).toEqual(done);
    expect(result.faults.counts).toMatchObject({ [kind]: 1 });
  });

  it('prefix: does a beginning of the list, and fails', async () => {
    const { answers, done } = await run({ seed: 1, percent: { prefix: 100 } }, 20);
    expect(new Set(answers)).toEqual(new Set(['add: the connection was lost after a part of it']));
    expect(done.length).toBeGreaterThan(0);
    expect(done.every((item) => item.endsWith('a'))).toBe(true);
  });

  it('are the same for the same seed, and others for another', async () => {
    const percent = { before: 20, after: 20, twice: 20, prefix: 20 };
    const [one, again, other] = await Promise.all(
      [7, 7, 8].map((seed) => run({ seed, percent }, 50)),
    );
    expect(again?.answers).toEqual(one?.answers);
    expect(other?.answers).not.toEqual(one?.answers);
    expect(Object.values(one?.faults.counts ?? {}).every((count) => count > 0)).toBe(true);
  });

  it('end when they are told to', async () => {
    const { faults, port } = await run({ seed: 1, percent: { before: 100 } }, 1);
    faults.stop();
    expect(await port.add(['x'])).toBe(1);
  });

  it('leave alone what the plan does not name', async () => {
    const { port } = await run({ seed: 1, percent: { before: 100 } }, 1);
    expect(port.size()).toBe(0);
  });
});
