import { describe, expect, it } from 'vitest';
import { createGate } from './gate.ts';

/** Work that ends when it is told to. */
function createWork() {
  const started: string[] = [];
  const ends = new Map<string, { end: () => void; fail: () => void }>();
  const work = (name: string) => () =>
    new Promise<string>((resolve, reject) => {
      started.push(name);
      ends.set(name, { end: () => resolve(name), fail: () => reject(new Error(name)) });
    });
  return { started, work, end: (name: string) => ends.get(name)?.end(), ends };
}

describe('a gate', () => {
  it('lets through as many as it was made for; the others in the order they came', async () => {
    const { started, work, end } = createWork();
    const gate = createGate(2);
    const all = ['a', 'b', 'c', 'd'].map((name) => gate.run(work(name)));
    await Promise.resolve();
    expect(started).toEqual(['a', 'b']);
    end('b');
    await all[1];
    await Promise.resolve();
    expect(started).toEqual(['a', 'b', 'c']);
    end('a');
    end('c');
    await Promise.all([all[0], all[2]]);
    end('d');
    expect(await Promise.all(all)).toEqual(['a', 'b', 'c', 'd']);
  });

  it('lets the next one through when work fails, and passes the failure on', async () => {
    const { started, work, end, ends } = createWork();
    const gate = createGate(1);
    const first = gate.run(work('a'));
    const second = gate.run(work('b'));
    ends.get('a')?.fail();
    await expect(first).rejects.toThrow('a');
    await Promise.resolve();
    expect(started).toEqual(['a', 'b']);
    end('b');
    expect(await second).toBe('b');
  });

  it('is never wider than it was made, whoever comes when a place is given on', async () => {
    const gate = createGate(1);
    let inside = 0;
    let most = 0;
    const work = async (): Promise<void> => {
      inside += 1;
      most = Math.max(most, inside);
      await Promise.resolve();
      inside -= 1;
    };
    const all = [gate.run(work), gate.run(work)];
    // Somebody new at every step of the hand-over.
    for (let i = 0; i < 10; i += 1) {
      await Promise.resolve();
      all.push(gate.run(work));
    }
    await Promise.all(all);
    expect(most).toBe(1);
  });
});
