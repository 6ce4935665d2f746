/**
 * A stretch of time as a stream of events by arrival. Nothing is planned before it is asked for; what
 * is held is one slot, and what was planned to arrive later.
 */
import { createAgenda } from './agenda.ts';
import type { SimulatedEvent } from './event.ts';
import { createPlanner } from './planner.ts';
import { createRandom } from './random.ts';
import type { Stretch } from './stretch.ts';
import { createWitness, type Truth, type Witness } from './truth.ts';

/** Read it once, from beginning to end; the truth is that of what was read. */
export interface SimulatedStream extends Iterable<SimulatedEvent> {
  readonly truth: Truth;
}

export function createStream(stretch: Stretch): SimulatedStream {
  const witness = createWitness(stretch.world, stretch.keepsCarts);
  const events = generate(stretch, witness);
  return { truth: witness.truth, [Symbol.iterator]: () => events };
}

function* generate(stretch: Stretch, witness: Witness): Generator<SimulatedEvent, undefined> {
  const { from, end, slotMs, world } = stretch;
  const random = createRandom(world.seed, from, slotMs);
  const agenda = createAgenda(from, slotMs);
  const planner = createPlanner(stretch, { random, witness, agenda });
  for (let slot = -Math.ceil((stretch.leadMs ?? 0) / slotMs); from + slot * slotMs < end; slot++) {
    planner.plan(slot);
    if (slot < 0) continue;
    for (let next = agenda.take(slot); next !== undefined; next = agenda.take(slot)) {
      witness.see(next.event, next.who);
      yield next.event;
    }
  }
}
