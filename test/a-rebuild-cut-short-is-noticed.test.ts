// A rebuild empties what it makes anew. Cut short, it must not be taken for what the log says.
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { SILENT } from '../src/app/logger.ts';
import { rebuild } from '../src/app/rebuild.ts';
import { loadConfig } from '../src/config.ts';
import { newDir } from './support/places.ts';
import { pathOf, weft, weftOk } from './support/weft.ts';

const FILE = pathOf('docs/examples/carts.ndjson');

/** Ends as a process would that is killed when this begins. */
async function rebuildUntil(dataDir: string, step: string): Promise<void> {
  const { config } = loadConfig({ DATA_DIR: dataDir }, {});
  const killed = new Error(`killed at: ${step}`);
  const run = rebuild(config, SILENT, (each) => {
    if (each.startsWith(step)) throw killed;
  });
  await expect(run).rejects.toBe(killed);
}

describe.each(['applying', 'replaying'])('a rebuild cut short at %s', (step) => {
  const dir = join(newDir(), 'data');
  const ingest = ['ingest', FILE, '--format', 'canonical', '--data-dir', dir];
  let before: string;
  beforeAll(async () => {
    await weftOk(...ingest);
    before = await weftOk('dump', '--data-dir', dir);
    await rebuildUntil(dir, step);
  });

  it.each([
    ['serve', ['serve', '--port', '0', '--data-dir', dir]],
    ['ingest', [...ingest, '--again']],
    ['dump', ['dump', '--data-dir', dir]],
  ])('is noticed by %s, which says what to do', async (_, args) => {
    const { code, stderr } = await weft(...args);
    expect(code).toBe(1);
    expect(stderr).toContain('run `weft rebuild`');
  });

  it('is mended by the next', async () => {
    await weftOk('rebuild', '--data-dir', dir);
    expect(await weftOk('dump', '--data-dir', dir)).toBe(before);
  });
});
