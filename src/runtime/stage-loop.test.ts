/** The loop around a stage: what is handed over, when, and what time it is told. */
import { describe, expect, it, onTestFinished } from 'vitest';
import { createMemoryEventLog } from '../adapters/memory/event-log.ts';
import { createManualClock } from '../adapters/system/clock.ts';
import { WeftError } from '../errors.ts';
import type { EventLog, LogRecord } from '../ports/event-log.ts';
import {
  A,
  B,
  createNotedStage,
  done,
  NOTED_TOPICS,
  numbered,
  put,
  textOf,
} from './noted-stage.contract.ts';
import type { Progress, Stage } from './stage.ts';
import { runStage, type LoopOptions, type StageLoop } from './stage-loop.ts';

const createLog = () => {
  const clock = createManualClock(1_000);
  return { clock, log: createMemoryEventLog({ clock, topics: NOTED_TOPICS }) };
};

async function run(
  stage: Stage,
  world: ReturnType<typeof createLog>,
  options: Partial<LoopOptions> = {},
): Promise<StageLoop> {
  const loop = await runStage(stage, {
    log: world.log,
    clock: world.clock,
    group: 'noted',
    onFatal(error) {
      throw error;
    },
    onRetry: () => undefined,
    ...options,
  });
  onTestFinished(() => loop.stop());
  return loop;
}

const lostConnection = (): WeftError => new WeftError('store_unavailable', 'connection lost');

/** Everything the reader offers is queued, or as much as the queue takes. */
async function allQueued(loop: StageLoop, records: number): Promise<void> {
  for (let last = -1; last !== loop.lag().records && last < records;) {
    last = loop.lag().records;
    for (let i = 0; i < 50; i += 1) await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('a stage is handed', () => {
  it('every record from where it stands, in order, each once', async () => {
    const world = createLog();
    const { stage, noted } = createNotedStage((turn) => [...done(turn)]);
    await put(world.log, A, numbered(250));
    noted.claims = (partitions) => partitions.map(() => 40);
    await put(world.log, B, numbered(40));
    const loop = await run(stage, world);
    await put(world.log, A, ['the last']);
    await loop.whenSettled();
    expect(noted.read).toEqual([...numbered(250).slice(40), 'the last']);
  });

  it('the same records again, however often a service is away, and nothing beyond them', async () => {
    const world = createLog();
    const offered: string[] = [];
    const retries: string[] = [];
    const { stage, noted } = createNotedStage((turn) => {
      offered.push(turn.inputs.flatMap((input) => input.records.map(textOf)).join(' '));
      if (offered.length <= 3) throw lostConnection();
      return [...done(turn)];
    });
    await put(world.log, A, ['a', 'b']);
    const loop = await run(stage, world, {
      onRetry: (name, error, attempt) => retries.push(`${name} ${String(error)} ${attempt}`),
    });
    await noted.until(() => retries.length === 1);
    await put(world.log, A, ['c']);
    await loop.whenSettled();
    expect(new Set(offered.slice(0, 4)).size).toBe(1);
    expect(noted.read).toEqual(['a', 'b', 'c']);
    const text = 'noted WeftError: connection lost';
    expect(retries).toEqual([`${text} 1`, `${text} 2`, `${text} 3`]);
  });

  it('what stands after a record it took only a part of, once it says so', async () => {
    const world = createLog();
    let turns = 0;
    const { stage, noted } = createNotedStage((turn) => {
      turns += 1;
      // The first turn applies part of the first record: progress, and nothing finished.
      return turn.inputs.map(({ partition, records }) => ({
        kind: 'done',
        partition,
        next: turns === 1 ? 0 : (records.at(-1)?.offset ?? 0) + 1,
        applied: 1,
      }));
    });
    await put(world.log, A, ['a', 'b']);
    const loop = await run(stage, world);
    await loop.whenSettled();
    expect(noted.read).toEqual(['a', 'b']);
  });

  it('what is left when records were finished that had been applied before', async () => {
    const world = createLog();
    let open = (): void => undefined;
    const opened = new Promise<void>((resolve) => (open = resolve));
    const { stage, noted } = createNotedStage(async (turn) => {
      await opened;
      return turn.inputs.map(({ partition, records }) => {
        const next = Math.min((records[0]?.offset ?? 0) + 100, 700);
        return { kind: 'done', partition, next, applied: next <= 600 ? 0 : 100 };
      });
    });
    await put(world.log, A, numbered(700));
    const loop = await run(stage, world);
    await allQueued(loop, 700);
    open();
    await noted.until(() => noted.read.length === 700);
    expect(loop.lag()).toEqual({ records: 0, caughtUp: true });
  });

  it('records again from where the store says it stands', async () => {
    const world = createLog();
    let turns = 0;
    const { stage, noted } = createNotedStage((turn) => {
      turns += 1;
      const partition = turn.inputs[0]?.partition ?? A;
      return turns === 2 ? [{ kind: 'moved', partition, next: 1 }] : [...done(turn)];
    });
    await put(world.log, A, ['a', 'b']);
    const loop = await run(stage, world);
    await loop.whenSettled();
    await put(world.log, A, ['c']);
    await loop.whenSettled();
    expect(noted.read).toEqual(['a', 'b', 'b', 'c']);
  });

  it('nothing more of a partition another process owns, and everything of the others', async () => {
    const world = createLog();
    const { stage, noted } = createNotedStage((turn) =>
      turn.inputs.map((input) =>
        input.partition.partition === 0
          ? { kind: 'lost', partition: input.partition }
          : (done({ inputs: [input], completeTo: Infinity })[0] as Progress),
      ),
    );
    await put(world.log, A, ['a']);
    await put(world.log, B, ['x']);
    const loop = await run(stage, world);
    await loop.whenSettled();
    await put(world.log, A, ['b']);
    await put(world.log, B, ['y']);
    await loop.whenSettled();
    expect(noted.read).toEqual(['x', 'y']);
    expect(noted.heard).toContain('release 0');
  });

  it('what the log left out, as soon as it is seen to be missing', async () => {
    const world = createLog();
    let isFirst = true;
    const log = {
      ...world.log,
      subscribe: (...[group, topics, sink]: Parameters<EventLog['subscribe']>) =>
        world.log.subscribe(group, topics, {
          ...sink,
          offer(partition, records) {
            const rest = isFirst ? records.slice(40) : records;
            isFirst = false;
            return sink.offer(partition, rest);
          },
        }),
    };
    const { stage, noted } = createNotedStage((turn) => [...done(turn)]);
    await put(world.log, A, numbered(150));
    const loop = await run(stage, world, { log });
    await loop.whenSettled();
    expect(noted.read).toEqual(numbered(150));
  });

  it('no more than its queue holds, however much is in the log', async () => {
    const world = createLog();
    let open = (): void => undefined;
    const opened = new Promise<void>((resolve) => (open = resolve));
    const { stage, noted } = createNotedStage(async (turn) => {
      await opened;
      return done(turn);
    });
    await put(world.log, A, numbered(12_000));
    const loop = await run(stage, world);
    // The reader offers until it is told that the queue is full; then nothing moves any more.
    await allQueued(loop, 12_000);
    expect(loop.lag().records).toBeGreaterThanOrEqual(5_000);
    expect(loop.lag().records).toBeLessThan(5_200);
    expect(loop.lag().caughtUp).toBe(false);
    open();
    await loop.whenSettled();
    expect(noted.read).toEqual(numbered(12_000));
  });
});

describe('a stage that reads in log-time order', () => {
  it.each([
    ['while it is being read', false],
    ['when all of it waits', true],
  ])('is told up to which moment nothing earlier is still to come, %s', async (_, isQueued) => {
    const world = createLog();
    const finished = new Map<number, number>();
    const wrong: string[] = [];
    let open = (): void => undefined;
    const opened = new Promise<void>((resolve) => (open = resolve));
    const { stage, noted } = createNotedStage(async (turn) => {
      await opened;
      for (const place of [A, B]) {
        const from = finished.get(place.partition) ?? 0;
        const there = await world.log.read(place, from, { recordsMax: 10_000, bytesMax: 1e9 });
        const given = turn.inputs.find((each) => each.partition.partition === place.partition);
        const complete = there.filter((record) => record.logTime <= turn.completeTo).length;
        if (complete > (given?.records.length ?? 0)) {
          wrong.push(`${complete} of partition ${place.partition} up to ${turn.completeTo}`);
        }
      }
      return turn.inputs.map(({ partition, records }) => {
        const taken = records.filter((record) => record.logTime <= turn.completeTo);
        const next = (taken.at(-1)?.offset ?? (records[0]?.offset ?? 0) - 1) + 1;
        finished.set(partition.partition, next);
        return { kind: 'done', partition, next, applied: taken.length };
      });
    });
    // Several records at each moment: the ends of what was read lie in the middle of some.
    for (let i = 0; i < 1_500; i += 1) await put(world.log, A, [`a${i}`], 1_000 + 20 * (i >> 3));
    for (let i = 0; i < 900; i += 1) await put(world.log, B, [`b${i}`], 1_000 + 30 * (i >> 3));
    const loop = await run({ ...stage, ordered: 'by-log-time' }, world);
    if (isQueued) await allQueued(loop, 2_400);
    open();
    await loop.whenSettled();
    expect(wrong).toEqual([]);
    expect(noted.read).toHaveLength(2_400);
  });

  it.each([
    ['by records', 12_000, 1],
    ['by bytes', 40, 1024 * 1024],
    ['that began at an earlier one', 12_000, 1, 100],
  ])('goes on where one moment fills a queue, %s', async (_, count, bytes, earlier = 0) => {
    const world = createLog();
    const met: LogRecord[] = [];
    const { stage } = createNotedStage((turn) => {
      const taken = turn.inputs.map(({ partition, records }) => ({
        partition,
        records: records.filter((record) => record.logTime <= turn.completeTo),
      }));
      const all = taken.flatMap(({ records }) => records);
      met.push(...all.toSorted((one, other) => one.logTime - other.logTime));
      const inputs = taken.filter(({ records }) => records.length > 0);
      return [...done({ ...turn, inputs })];
    });
    const texts = numbered(count).map((each) => each.padEnd(bytes));
    await put(world.log, A, texts.slice(0, earlier), 1_500);
    await put(world.log, A, texts.slice(earlier), 2_000);
    await put(world.log, A, ['after'], 3_000);
    await put(world.log, B, ['before'], 1_000);
    await put(world.log, B, ['behind'], 2_500);
    const loop = await run({ ...stage, ordered: 'by-log-time' }, world);
    await loop.whenSettled();
    expect(met.map((record) => textOf(record).trim())).toEqual([
      'before',
      ...numbered(count),
      'behind',
      'after',
    ]);
  });
});

describe('time, as a stage hears of it', () => {
  it('is when we looked where there is nothing more to read, else the last applied record', async () => {
    const world = createLog();
    let open = (): void => undefined;
    const opened = new Promise<void>((resolve) => (open = resolve));
    let turns = 0;
    const { stage, noted } = createNotedStage(async (turn) => {
      turns += 1;
      if (turns > 1) await opened;
      return done(turn);
    });
    await put(world.log, A, numbered(600), 700);
    await put(world.log, A, ['last'], 900);
    const loop = await run(stage, world);
    await noted.until(() => turns > 1);
    expect(noted.clocks.at(-1)).toEqual([
      { partition: A, clock: 700, caughtUp: false },
      { partition: B, clock: 1_000, caughtUp: true },
    ]);
    open();
    await loop.whenSettled();
    world.clock.advance(500);
    const before = noted.clocks.length;
    loop.wake();
    await noted.until(() => noted.clocks.length > before);
    expect(noted.clocks.at(-1)).toEqual([
      { partition: A, clock: 1_500, caughtUp: true },
      { partition: B, clock: 1_500, caughtUp: true },
    ]);
  });

  it('passes: a stage with nothing to read is asked again when it wanted, or when it is woken', async () => {
    const world = createLog();
    const { stage, noted } = createNotedStage((turn) => [...done(turn)]);
    noted.idleMs = 250;
    const loop = await run(stage, world);
    const idles = (): number => noted.heard.filter((each) => each === 'idle').length;
    await loop.whenSettled();
    await noted.until(() => idles() >= 2);
    const before = idles();
    world.clock.advance(249);
    await new Promise((resolve) => setImmediate(resolve));
    expect(idles()).toBe(before);
    world.clock.advance(1);
    await noted.until(() => idles() === before + 1);
    loop.wake();
    await noted.until(() => idles() === before + 2);
    expect(noted.read).toEqual([]);
  });
});
