// Z3, two processes on one data directory: LMDB would let them, and they would tear the log apart.
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readLock } from '../src/adapters/lmdb/lock.ts';
import { startChild } from './children/start.ts';

const RACERS = 6;
const RACES = 5;

describe('a data directory has one owner', () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'weft-owner-'));
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  const start = () => startChild('environment.mjs', 'hold', dir);

  it('Z3: a second process is refused in one sentence that says who has it and where that answers', async () => {
    const first = start();
    await first.said(1);
    expect(first.lines).toEqual(['open']);
    const second = start();
    await second.finish();
    const { pid } = first.process;
    expect(second.process.exitCode).toBe(1);
    expect(second.lines).toEqual([
      expect.stringMatching(
        `^data_dir_in_use: data directory ${dir} is in use by process ${pid} at http://127.0.0.1:8080 since `,
      ),
    ]);
    expect(readLock(dir)).toMatchObject({ pid, address: 'http://127.0.0.1:8080' });
    await first.finish();
    expect(readLock(dir)).toBeUndefined();
  });

  it('a process that was killed leaves it to the next one', async () => {
    for (let round = 0; round < 3; round += 1) {
      const child = start();
      await child.said(1);
      expect(child.lines).toEqual(['open']);
      await child.kill();
    }
    expect(readLock(dir)).toBeUndefined();
  });

  it('of many that find a stale lock at the same moment exactly one wins', async () => {
    const owner = start();
    await owner.said(1);
    const lock = readFileSync(join(dir, 'lock'));
    await owner.kill();
    for (let race = 0; race < RACES; race += 1) {
      writeFileSync(join(dir, 'lock'), lock);
      const racers = Array.from({ length: RACERS }, start);
      await Promise.all(racers.map((racer) => racer.said(1)));
      const said = racers.map(({ lines }) => lines[0]?.split(':')[0]);
      expect(said.filter((line) => line === 'open')).toHaveLength(1);
      expect(said.filter((line) => line === 'data_dir_in_use')).toHaveLength(RACERS - 1);
      await Promise.all(racers.map((racer) => racer.finish()));
      expect(readdirSync(dir).filter((name) => name.startsWith('lock'))).toEqual([]);
    }
  });
});
