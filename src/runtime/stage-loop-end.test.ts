/** How the loop around a stage ends: by an error that nothing mends, or because it was told to. */
import { describe, expect, it, onTestFinished } from 'vitest';
import { createMemoryEventLog } from '../adapters/memory/event-log.ts';
import { createManualClock } from '../adapters/system/clock.ts';
import { WeftError } from '../errors.ts';
import { A, createNotedStage, done, NOTED_TOPICS, put } from './noted-stage.contract.ts';
import type { Stage } from './stage.ts';
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

describe('a stage that cannot go on', () => {
  it('ends with its name and its reason, and is handed nothing more', async () => {
    const world = createLog();
    const fatal: unknown[] = [];
    const { stage, noted } = createNotedStage(() => {
      throw new TypeError('a mistake of ours');
    });
    await put(world.log, A, ['a']);
    let tell = (): void => undefined;
    const told = new Promise<void>((resolve) => (tell = resolve));
    await run(stage, world, {
      onFatal(error) {
        fatal.push(error);
        tell();
      },
    });
    await told;
    await put(world.log, A, ['b']);
    expect(fatal).toMatchObject([
      { code: 'internal', message: 'stage noted: a mistake of ours', cause: expect.any(TypeError) },
    ]);
    expect(noted.heard.filter((each) => each === 'process')).toHaveLength(1);
  });

  it('is an error whose code says so, passed on as it is', async () => {
    const world = createLog();
    const { stage } = createNotedStage(() => {
      throw new WeftError('corrupt_data', 'these bytes are not ours');
    });
    await put(world.log, A, ['a']);
    const error = await new Promise((resolve) => void run(stage, world, { onFatal: resolve }));
    expect(error).toMatchObject({ code: 'corrupt_data', message: 'these bytes are not ours' });
  });

  it('may be one that could not claim its partitions', async () => {
    const world = createLog();
    const { stage, noted } = createNotedStage((turn) => [...done(turn)]);
    noted.claims = () => {
      throw new WeftError('projection_rebuilding', 'run `weft rebuild`');
    };
    const error = await new Promise((resolve) => void run(stage, world, { onFatal: resolve }));
    expect(error).toMatchObject({ code: 'projection_rebuilding' });
  });

  it('is seen to stand still: work without progress counts from its first turn', async () => {
    const world = createLog();
    let isStuck = true;
    const { stage, noted } = createNotedStage((turn) => (isStuck ? [] : [...done(turn)]));
    const loop = await run(stage, world);
    await loop.whenSettled();
    expect(loop.stuckForMs()).toBe(0);
    await put(world.log, A, ['a']);
    await noted.until(() => noted.heard.includes('processed') && loop.stuckForMs() > 0);
    isStuck = false;
    loop.wake();
    await loop.whenSettled();
    expect(loop.stuckForMs()).toBe(0);
  });
});

describe('a stage whose store is away', () => {
  it('does not stand still by that: it tries again, and nobody ends the process', async () => {
    const world = createLog();
    let turns = 0;
    let retries = 0;
    const { stage, noted } = createNotedStage(() => {
      turns += 1;
      if (turns === 1) return [];
      throw lostConnection();
    });
    await put(world.log, A, ['a']);
    const loop = await run(stage, world, { onRetry: () => (retries += 1) });
    await noted.until(() => loop.stuckForMs() > 0);
    loop.wake();
    await noted.until(() => turns > 1);
    expect(retries).toBeGreaterThan(0);
    expect(loop.stuckForMs()).toBe(0);
  });
});

describe('stopping', () => {
  it('lets the turn under way end, then the stage, and hands over nothing more', async () => {
    const world = createLog();
    let open = (): void => undefined;
    const opened = new Promise<void>((resolve) => (open = resolve));
    const { stage, noted } = createNotedStage(async (turn) => {
      await opened;
      return done(turn);
    });
    await put(world.log, A, ['a']);
    const loop = await run(stage, world);
    await noted.until(() => noted.heard.includes('process'));
    const stopped = loop.stop();
    await put(world.log, A, ['b']);
    expect(noted.heard).not.toContain('stop');
    open();
    await stopped;
    expect(noted.read).toEqual(['a']);
    expect(noted.heard.slice(noted.heard.indexOf('processed'))).toEqual(['processed', 'stop']);
  });

  it('does not wait for a service that is away', async () => {
    const world = createLog();
    const { stage, noted } = createNotedStage(() => {
      throw lostConnection();
    });
    await put(world.log, A, ['a']);
    const loop = await run(stage, world);
    await noted.until(() => noted.heard.includes('process'));
    await loop.stop();
    expect(noted.read).toEqual([]);
    expect(noted.heard.at(-1)).toBe('stop');
  });

  it('is settled only when the stage says so, too', async () => {
    const world = createLog();
    const { stage, noted } = createNotedStage((turn) => [...done(turn)]);
    noted.isSettled = false;
    await put(world.log, A, ['a']);
    const loop = await run(stage, world);
    let isSettled = false;
    const settled = loop.whenSettled().then(() => (isSettled = true));
    await noted.until(() => noted.read.length === 1);
    expect(isSettled).toBe(false);
    noted.isSettled = true;
    loop.wake();
    await settled;
  });
});
