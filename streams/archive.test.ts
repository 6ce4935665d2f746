/** When rows are inserted, under which bounds, and what a failure or a crash between leaves behind. */
import { readFileSync } from 'node:fs';
import { beforeEach, describe, expect, it } from 'vitest';
import { createMemoryCheckpointStore } from '../src/adapters/memory/checkpoint-store.ts';
import { createMemoryEventLog } from '../src/adapters/memory/event-log.ts';
import { createMemorySchemaSource } from '../src/adapters/memory/schema-source.ts';
import { createManualClock } from '../src/adapters/system/clock.ts';
import type { DeadLetter, Message } from '../src/domain/message.ts';
import { WeftError } from '../src/errors.ts';
import type { AnalyticsStore } from '../src/ports/analytics-store.ts';
import { openCodec, type Codec } from '../src/runtime/codec.ts';
import { SHAPES } from './shapes/shapes.ts';
import { encodeEnvelope } from '../src/runtime/outputs.ts';
import type { Stage } from '../src/runtime/stage.ts';
import { createArchiveStage } from './archive.ts';

const PARTITION = { topic: 'dead_letters', partition: 0 };
const codec = await openCodec<Message>(
  'dead_letters',
  readFileSync(new URL('../schemas/dead_letters.avsc', import.meta.url), 'utf8'),
  createMemorySchemaSource(),
  SHAPES,
);
const codecs = new Map<string, Codec<Message>>([['dead_letters', codec]]);

const letter = (n: number): DeadLetter => ({
  kind: 'dead_letter',
  tenant: 'default',
  origin: { topic: 'raw.pos', partition: 0, offset: n, index: 0 },
  source: 'pos',
  code: 'undecodable',
  reason: 'no JSON',
  at: n,
  body: new Uint8Array(),
});

function openWorld() {
  const clock = createManualClock(1_000_000);
  const log = createMemoryEventLog({ clock, topics: [{ name: 'dead_letters', partitions: 1 }] });
  const checkpoints = createMemoryCheckpointStore();
  const inserts: { readonly token: string; readonly ids: readonly string[] }[] = [];
  const world = { failing: false, wakes: 0 };
  const analytics: Pick<AnalyticsStore, 'insert'> = {
    async insert(table, rows, token) {
      if (world.failing) throw new WeftError('archive_unavailable', 'away');
      expect(table).toBe('dead_letters');
      const texts = rows as readonly string[];
      inserts.push({ token, ids: texts.map((text) => String(JSON.parse(text).offset)) });
    },
  };
  let at = 0;
  const open = async (): Promise<Stage> => {
    const stage = createArchiveStage({
      log,
      analytics: analytics as AnalyticsStore,
      checkpoints,
      codecs,
      tagsOf: () => [],
      realTime: clock,
      onInsert: () => undefined,
    });
    stage.wakeBy(() => (world.wakes += 1));
    [at = 0] = await stage.claim([PARTITION]);
    return stage;
  };
  return {
    world,
    clock,
    inserts,
    open,
    /** Letters into the log and through the stage, as the loop does; not tried again. */
    async take(stage: Stage, ...letters: readonly number[]) {
      for (const n of letters) {
        const record = encodeEnvelope(codecs, 'dead_letters', [letter(n)]);
        await log.append([{ ...PARTITION, ...record }]);
      }
      const records = await log.read(PARTITION, at, { recordsMax: 100, bytesMax: 1_000_000 });
      await stage.process({
        inputs: [{ partition: PARTITION, records }],
        completeTo: Infinity,
      });
      at = (records.at(-1)?.offset ?? -1) + 1;
      await stage.idle(() => []);
    },
    tokenOf: (from: number, to: number) => `${log.id} dead_letters dead_letters/0:${from}-${to}`,
  };
}

describe('the archive', () => {
  let opened: ReturnType<typeof openWorld>;
  beforeEach(() => {
    opened = openWorld();
  });

  it('inserts every two seconds, all of it at once', async () => {
    const { take, clock, inserts, world, tokenOf } = opened;
    const stage = await opened.open();
    expect(stage.settled()).toBe(true);
    await take(stage, 1, 2);
    clock.advance(1_999);
    await stage.idle(() => []);
    expect(inserts).toEqual([]);
    expect(stage.settled()).toBe(false);
    clock.advance(1_000);
    expect(world.wakes).toBeGreaterThan(0);
    await stage.idle(() => []);
    expect(inserts).toEqual([{ token: tokenOf(0, 2), ids: ['1', '2'] }]);
    expect(stage.settled()).toBe(true);
  });

  it('keeps bounds and token while the store is away, and takes nothing twice', async () => {
    const { take, clock, inserts, world, tokenOf } = opened;
    const stage = await opened.open();
    world.failing = true;
    await take(stage, 1, 2);
    clock.advance(2_000);
    await expect(stage.idle(() => [])).rejects.toMatchObject({ code: 'archive_unavailable' });
    await expect(take(stage, 3)).rejects.toMatchObject({ code: 'archive_unavailable' });
    world.failing = false;
    await take(stage);
    clock.advance(2_000);
    await stage.idle(() => []);
    expect(inserts).toEqual([
      { token: tokenOf(0, 2), ids: ['1', '2'] },
      { token: tokenOf(2, 3), ids: ['3'] },
    ]);
  });

  it('repeats an interrupted insert under its bounds after a crash, then goes on behind it', async () => {
    const { take, clock, inserts, world, tokenOf } = opened;
    const first = await opened.open();
    await take(first, 1);
    clock.advance(2_000);
    await first.idle(() => []);
    await take(first, 2, 3);
    world.failing = true;
    clock.advance(2_000);
    await expect(first.idle(() => [])).rejects.toMatchObject({ code: 'archive_unavailable' });
    world.failing = false;
    const second = await opened.open();
    await take(second, 4);
    clock.advance(2_000);
    await second.idle(() => []);
    expect(inserts).toEqual([
      { token: tokenOf(0, 1), ids: ['1'] },
      { token: tokenOf(1, 3), ids: ['2', '3'] },
      { token: tokenOf(3, 4), ids: ['4'] },
    ]);
  });

  it('reads again what was gathered and not inserted when the process ended', async () => {
    const { take, clock, inserts, tokenOf } = opened;
    await take(await opened.open(), 1, 2);
    const second = await opened.open();
    await take(second, 3);
    clock.advance(2_000);
    await second.idle(() => []);
    expect(inserts).toEqual([{ token: tokenOf(0, 3), ids: ['1', '2', '3'] }]);
  });
});
