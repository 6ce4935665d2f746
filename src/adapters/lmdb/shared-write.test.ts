// One flush for all who wait, whole or not at all, and what is in memory follows before anybody reads.
import { describe, expect, it } from 'vitest';
import { createSharedWrites } from './shared-write.ts';

function setUp() {
  const log: string[] = [];
  const writes = createSharedWrites((work) => {
    log.push('begin');
    try {
      work();
      log.push('commit');
    } catch (error) {
      log.push('abort');
      throw error;
    }
  });
  const write = (
    name: string,
    run: () => void = () => undefined,
    patienceMs = 0,
  ): Promise<string> =>
    writes.write({
      patienceMs,
      run() {
        log.push(name);
        run();
        return name;
      },
      durable: (answer) => void log.push(`${answer} durable`),
      undone: () => void log.push(`${name} undone`),
    });
  return { log, writes, write };
}

describe('writes that share a transaction', () => {
  it('are run in the order they came, in one, and hear when it is durable', async () => {
    const { log, write } = setUp();
    const answers = Promise.all([write('a'), write('b')]);
    expect(log).toEqual([]);
    expect(await answers).toEqual(['a', 'b']);
    expect(log).toEqual(['begin', 'a', 'b', 'commit', 'a durable', 'b durable']);
  });

  it('fail together when one makes the transaction worthless, and the next begins anew', async () => {
    const { log, write } = setUp();
    const full = (): void => {
      throw new Error('full');
    };
    const ends = await Promise.allSettled([write('a'), write('b', full), write('c')]);
    expect(ends.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect(log).toEqual(['begin', 'a', 'b', 'abort', 'a undone', 'b undone', 'c undone']);
    expect(await write('d')).toBe('d');
  });

  it('are memory settled before any of them hears', async () => {
    const { log, write } = setUp();
    const heard = (name: string): void => void log.push(`${name} heard`);
    await Promise.all([write('a').then(heard), write('b').then(heard)]);
    expect(log.slice(-4)).toEqual(['a durable', 'b durable', 'a heard', 'b heard']);
  });

  it('are made at once when somebody cannot wait', async () => {
    const { log, writes, write } = setUp();
    const answer = write('a');
    writes.flush();
    expect(log).toEqual(['begin', 'a', 'commit', 'a durable']);
    expect(await answer).toBe('a');
  });

  it('that are patient go with the next who is not, in the order they came', async () => {
    const { log, write } = setUp();
    const patient = write('a', undefined, 60_000);
    await Promise.all([write('b'), patient]);
    expect(log).toEqual(['begin', 'a', 'b', 'commit', 'a durable', 'b durable']);
  });

  it('that are patient are made alone when nobody else comes', async () => {
    const { log, write } = setUp();
    expect(await write('a', undefined, 5)).toBe('a');
    expect(log).toEqual(['begin', 'a', 'commit', 'a durable']);
  });

  it('of a stage are taken however much waits: they are what makes it less', async () => {
    const { writes } = setUp();
    const append = (n: number) => writes.write({ run: () => n, bytes: 1 });
    const appends = Promise.all(Array.from({ length: 10_000 }, (_, n) => append(n)));
    await expect(append(10_000)).rejects.toMatchObject({ code: 'overloaded' });
    expect(await writes.write({ run: () => 'commit' })).toBe('commit');
    expect(await appends).toHaveLength(10_000);
  });

  it('are refused when too much waits, whatever waits already stays', async () => {
    const { writes, write } = setUp();
    const first = write('a');
    const large = writes.write({ run: () => 'b', bytes: 65 * 1024 * 1024 });
    await expect(large).rejects.toMatchObject({ code: 'overloaded' });
    expect(await first).toBe('a');
  });
});
