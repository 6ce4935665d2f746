// K6, the embedded store: a process is killed while it appends and commits, again and again on the same directory.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openEnvironment } from '../src/adapters/lmdb/environment.ts';
import { createLmdbProfileStore } from '../src/adapters/lmdb/profile-store.ts';
import { startChild } from './children/start.ts';

const KILLS = 12;
const ALL = { recordsMax: 1_000_000, bytesMax: 1_000_000_000 };
const TOPICS = [
  { name: 'raw.pos', partitions: 2 },
  { name: 'actions', partitions: 2 },
];

const numberOf = (value: Uint8Array): number => Number(Buffer.from(value).toString());

/** What the child has written when it stands here. */
function statesAfter(position: number): ReadonlyMap<string, number> {
  const states = new Map<string, number>();
  if (position > 0) states.set('default/a', position);
  for (let count = Math.max(1, position - 49); count <= position; count += 1) {
    states.set(`default/${count % 50}`, count);
  }
  return states;
}

describe('a kill loses nothing acknowledged', () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'weft-kill-'));
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  /** What is on disk, as the next process finds it. */
  const inspect = async () => {
    const clock = { now: Date.now };
    const environment = openEnvironment(dir, {
      clock,
      partitions: 2,
      topics: TOPICS,
      ballastBytes: 0,
    });
    try {
      const store = createLmdbProfileStore(environment);
      const read = (topic: string, partition: number) =>
        environment.read({ topic, partition }, 0, ALL);
      const raw = [read('raw.pos', 0), read('raw.pos', 1)];
      const states = new Map<string, number>();
      for await (const [key, value] of store.scan(0)) states.set(key, numberOf(value));
      return {
        raw,
        texts: raw.map((records) =>
          records.map(({ value }) => Buffer.from(value).toString().replaceAll('.', '')),
        ),
        outputs: read('actions', 0).map(({ value }) => numberOf(value)),
        states,
        due: (await store.dueTimers(0, Number.MAX_SAFE_INTEGER, 10)).map(({ dueAt }) => dueAt),
        position: (await store.peek(0))?.position.offset ?? 0,
      };
    } finally {
      await environment.close();
    }
  };

  it(`K6: over ${KILLS} kills every acknowledged append is there, and no commit is torn`, async () => {
    const acknowledged: Set<string>[] = [new Set(), new Set()];
    let committed = 0;
    for (let kill = 0; kill < KILLS; kill += 1) {
      const child = startChild('environment.mjs', 'append', dir);
      await child.said(100 + 37 * kill);
      await child.kill();
      for (const line of child.lines) {
        const [what, first = '', text = ''] = line.split(' ');
        if (what === 'appended') acknowledged[Number(first)]?.add(text);
        else if (what === 'committed') committed = Number(first);
        else throw new Error(line);
      }
      const found = await inspect();
      for (const [partition, texts] of found.texts.entries()) {
        const missing = [...(acknowledged[partition] ?? [])].filter(
          (text) => !texts.includes(text),
        );
        expect(missing).toEqual([]);
        expect(new Set(texts).size).toBe(texts.length);
      }
      for (const records of found.raw) {
        expect(records.map(({ offset }) => offset)).toEqual(records.map((_, i) => i));
        const times = records.map(({ logTime }) => logTime);
        expect(times).toEqual(times.toSorted((a, b) => a - b));
      }
      expect(found.position).toBeGreaterThanOrEqual(committed);
      expect(found.states).toEqual(statesAfter(found.position));
      expect(found.due).toEqual([found.position]);
      expect(found.outputs).toEqual(Array.from({ length: found.position }, (_, i) => i + 1));
    }
    expect((acknowledged[0]?.size ?? 0) + (acknowledged[1]?.size ?? 0)).toBeGreaterThan(
      KILLS * 100,
    );
    expect(committed).toBeGreaterThan(KILLS);
  });
});
