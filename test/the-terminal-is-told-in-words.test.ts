// Somebody at a terminal: what was mistyped is told in words, and a pipe may be left early.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { newDir } from './support/places.ts';
import { pathOf, weft, weftOk } from './support/weft.ts';

const dir = newDir();
const dataDir = join(dir, 'data');

describe('at the terminal', () => {
  it.each([
    ['1572566400000', 'is no ISO 8601 time'],
    ['2019', 'is no ISO 8601 time'],
    ['2019-13-01T00:00:00Z', 'is no ISO 8601 time'],
    ['2019-11-01T00:00:00', 'names no zone'],
  ])('`--until %s` is refused before anything is opened', async (until, why) => {
    const file = pathOf('docs/examples/carts.ndjson');
    const args = ['--format', 'canonical', '--data-dir', dataDir, '--until', until];
    const { code, stderr } = await weft('ingest', file, ...args);
    expect(code).toBe(2);
    expect(stderr).toContain(`--until ${until} ${why}: write it like 2019-11-01T00:00:00Z`);
  });

  it('`weft dump | head -1` ends quietly', async () => {
    const file = join(dir, 'rows.ndjson');
    const rows = Array.from({ length: 2_000 }, (_, i) =>
      JSON.stringify({
        id: `row-${i}`,
        at: '2026-01-01T00:00:00Z',
        source: 'app',
        type: 'page_viewed',
        identifiers: [{ type: 'member', value: `M${i}` }],
      }),
    );
    writeFileSync(file, rows.join('\n'));
    await weftOk('ingest', file, '--format', 'canonical', '--data-dir', dataDir);
    const line = '"$0" "$1" dump --data-dir "$2" | head -1';
    const piped = spawnSync('sh', ['-c', line, process.execPath, pathOf('bin/weft'), dataDir]);
    expect(piped.stderr.toString()).toBe('');
    expect(piped.stdout.toString().trimEnd().split('\n')).toHaveLength(1);
  });

  it('`weft ingest` of a file that is cut off takes what comes before, says where, and may be repeated', async () => {
    const header =
      'event_time,event_type,product_id,category_id,category_code,brand,price,user_id,user_session';
    const row = (i: number): string =>
      `2019-10-01 00:00:05 UTC,view,${(i * 7919) % 10_007},9,a.b,c,33.20,${i % 90},s`;
    const text = [header, ...Array.from({ length: 20_000 }, (_, i) => row(i))].join('\n');
    const file = join(dir, 'cut.csv.gz');
    writeFileSync(file, gzipSync(text).subarray(0, -10_000));
    const args = ['--format', 'rees46', '--data-dir', join(dir, 'cut')];
    const cut = /cut\.csv\.gz cannot be read on .*; the rows up to row \d+ were taken/;
    for (let time = 0; time < 2; time += 1) {
      const { code, stdout, stderr } = await weft('ingest', file, ...args);
      expect([code, stdout]).toEqual([1, '']);
      expect(stderr).toMatch(cut);
    }
  });
});
