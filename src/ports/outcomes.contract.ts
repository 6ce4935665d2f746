/** What every `Outcomes` must honour, one sentence a test. */
import { expect, it } from 'vitest';
import type { Clock } from './clock.ts';
import type { EventOutcome, Outcomes } from './outcomes.ts';

export interface OutcomesHarness {
  /** Several ends of the same line: what one tells, the addressed one hears. */
  open(instances: readonly string[], clock: Clock): Promise<readonly Outcomes[]>;
  /** Resolves when what was told so far has arrived. */
  arrived(): Promise<void>;
  /** A clock, and a way to let its time pass. */
  clock(): { readonly clock: Clock; pass(ms: number): void };
}

const NOTHING = { applied: 0, duplicate: 0, dead_letter: 0, unresolved: 0 };

export function outcomesContract(harness: OutcomesHarness): void {
  const open = async () => {
    const { clock, pass } = harness.clock();
    const [here, there] = await harness.open(['here', 'there'], clock);
    if (here === undefined || there === undefined) throw new Error('two were asked for');
    return { here, there, pass };
  };
  const tell = (from: Outcomes, token: string, ...outcomes: readonly EventOutcome[]): void => {
    for (const outcome of outcomes) from.tell({ instance: 'here', token }, outcome);
  };

  it('answers as soon as every event has ended, with a count for each end', async () => {
    const { here, there } = await open();
    const answer = here.expect('t1', 5, 5_000);
    tell(here, 't1', 'applied', 'duplicate', 'applied');
    tell(there, 't1', 'dead_letter', 'unresolved');
    expect(await answer).toEqual({
      applied: 2,
      duplicate: 1,
      dead_letter: 1,
      unresolved: 1,
      pending: 0,
    });
  });

  it('answers when the time is over, the rest pending', async () => {
    const { here, pass } = await open();
    const answer = here.expect('t1', 3, 5_000);
    tell(here, 't1', 'applied');
    await harness.arrived();
    pass(5_000);
    expect(await answer).toEqual({ ...NOTHING, applied: 1, pending: 2 });
  });

  it('keeps tokens apart', async () => {
    const { here } = await open();
    const first = here.expect('t1', 1, 5_000);
    const second = here.expect('t2', 1, 5_000);
    tell(here, 't2', 'duplicate');
    tell(here, 't1', 'applied');
    expect(await first).toEqual({ ...NOTHING, applied: 1, pending: 0 });
    expect(await second).toEqual({ ...NOTHING, duplicate: 1, pending: 0 });
  });

  it('does not hear what is meant for another instance', async () => {
    const { here, pass } = await open();
    const answer = here.expect('t1', 1, 5_000);
    here.tell({ instance: 'there', token: 't1' }, 'applied');
    await harness.arrived();
    pass(5_000);
    expect(await answer).toEqual({ ...NOTHING, pending: 1 });
  });

  it('lets go of what nobody waits for any more, or ever did', async () => {
    const { here, pass } = await open();
    tell(here, 'never', 'applied');
    const answer = here.expect('t1', 1, 5_000);
    await harness.arrived();
    pass(5_000);
    await answer;
    tell(here, 't1', 'applied');
    await harness.arrived();
    const again = here.expect('t1', 1, 5_000);
    pass(5_000);
    expect(await again).toEqual({ ...NOTHING, pending: 1 });
  });

  it('answers at once when there is nothing to wait for', async () => {
    const { here } = await open();
    expect(await here.expect('t1', 0, 5_000)).toEqual({ ...NOTHING, pending: 0 });
  });
}
