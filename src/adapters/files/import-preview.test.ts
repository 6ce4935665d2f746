import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openImportFile, type ImportedRow, type ImportFile } from './import-file.ts';
import { readCanonical } from './import-formats.ts';
import { previewRows, type Preview } from './import-preview.ts';

let dir = '';
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'weft-preview-'));
});
afterEach(() => rm(dir, { recursive: true }));

async function preview(
  text: string,
  count: number,
  reader: (file: ImportFile) => AsyncIterable<ImportedRow> = readCanonical,
): Promise<Preview> {
  await writeFile(join(dir, 'file'), text);
  return previewRows(reader, await openImportFile(join(dir, 'file')), { count, now: NOW });
}

const NOW = Date.parse('2026-11-11T10:00:00Z');

const EVENT = JSON.stringify({
  source: 'pos',
  type: 'store_visited',
  at: '2026-03-08T09:00:00Z',
  identifiers: [{ type: 'member', value: 'M1' }],
});

describe('the preview of a file', () => {
  it('has the first rows and reads no further', async () => {
    let read = 0;
    const endless = async function* (): AsyncIterable<ImportedRow> {
      for (;;) {
        yield await Promise.resolve({ kind: 'skipped', reason: 'every other' } as const);
        yield { kind: 'event', row: read, body: JSON.parse(EVENT) };
        read += 1;
      }
    };
    const { rows, skipped, isWhole } = await preview('', 2, endless);
    expect(rows.map(({ row }) => row)).toEqual([0, 1]);
    expect(read).toBe(2);
    expect([...skipped]).toEqual([['every other', 2]]);
    expect(isWhole).toBe(false);
  });

  it('ends where nothing but skipped lines comes', async () => {
    const endless = async function* (): AsyncIterable<ImportedRow> {
      for (;;) yield await Promise.resolve({ kind: 'skipped', reason: 'no shopper' } as const);
    };
    expect(await preview('', 1, endless)).toMatchObject({ rows: [], isWhole: false });
  });

  it('says of each event what would make it a dead letter, and that a file was read to its end', async () => {
    const { rows, isWhole } = await preview(`${EVENT}\n{"type":"Order"}\n[]\n`, 20);
    expect(rows).toMatchObject([
      { kind: 'event', faults: [] },
      {
        kind: 'event',
        faults: expect.arrayContaining([{ pointer: '/type', message: expect.anything() }]),
      },
      { kind: 'dead', reason: 'the line is no JSON object' },
    ]);
    expect(isWhole).toBe(true);
  });

  it('says that an event of the future is none', async () => {
    const of = (at: unknown): string => JSON.stringify({ ...JSON.parse(EVENT), at });
    const lines = [of('2026-11-11T10:05:00Z'), of('2026-11-11T10:05:01Z'), of(1e300)];
    const { rows } = await preview(lines.join('\n'), 20);
    expect(rows).toMatchObject([
      { faults: [] },
      { faults: [{ pointer: '/at', message: expect.stringContaining('lies in the future') }] },
      { faults: [{ pointer: '/at', message: expect.stringContaining('1970 to 9999') }] },
    ]);
  });
});
