import { describe, expect, it } from 'vitest';
import { outcomesContract } from '../../ports/outcomes.contract.ts';
import { createManualClock } from './clock.ts';
import { createOutcomes } from './outcomes.ts';

describe('outcomes inside one process', () => {
  outcomesContract({
    // One process has one instance; the other end is the same object.
    async open([instance = ''], clock) {
      const outcomes = createOutcomes({ instance, clock });
      return [outcomes, outcomes];
    },
    async arrived() {},
    clock() {
      const clock = createManualClock(0);
      return { clock, pass: (ms) => clock.advance(ms) };
    },
  });

  it('make nobody wait once 10,000 requests do', async () => {
    const clock = createManualClock(0);
    const outcomes = createOutcomes({ instance: 'here', clock });
    const waiting = Array.from({ length: 10_000 }, (_, i) => outcomes.expect(`t${i}`, 1, 5_000));
    expect(await outcomes.expect('one more', 2, 5_000)).toMatchObject({ applied: 0, pending: 2 });
    clock.advance(5_000);
    await Promise.all(waiting);
    const next = outcomes.expect('one more', 1, 5_000);
    outcomes.tell({ instance: 'here', token: 'one more' }, 'applied');
    expect(await next).toMatchObject({ applied: 1, pending: 0 });
  });
});
