import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createBallast } from './ballast.ts';

const SIZE_BYTES = 3_000_000;

describe('ballast', () => {
  let dir: string;
  let path: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'weft-ballast-'));
    path = join(dir, 'ballast');
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  it('takes the space it was asked to hold, on disk, and gives it back once', () => {
    const ballast = createBallast(path, SIZE_BYTES);
    expect(ballast.hold()).toBe(true);
    expect(statSync(path).size).toBe(SIZE_BYTES);
    expect(statSync(path).blocks * 512).toBeGreaterThanOrEqual(SIZE_BYTES);
    expect(ballast.drop()).toBe(true);
    expect(existsSync(path)).toBe(false);
    expect(ballast.drop()).toBe(false);
  });

  it('is found again by the next process', () => {
    createBallast(path, SIZE_BYTES).hold();
    expect(createBallast(path, SIZE_BYTES).held).toBe(true);
  });

  it('that was cut short or has another size is made anew', () => {
    writeFileSync(path, 'short');
    const ballast = createBallast(path, SIZE_BYTES);
    expect(ballast.held).toBe(false);
    ballast.hold();
    expect(statSync(path).size).toBe(SIZE_BYTES);
  });

  it('of no bytes makes no file', () => {
    expect(createBallast(path, 0).hold()).toBe(false);
    expect(existsSync(path)).toBe(false);
  });
});
