import fc from 'fast-check';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bindColumns, type Row } from './csv-map-columns.ts';
import type { CsvOutcome } from './csv-map-event.ts';
import { outcomesOf } from './csv-map-groups.ts';
import { readCsvMap } from './csv-map.ts';

let dir = '';
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'weft-groups-'));
});
afterEach(() => rm(dir, { recursive: true }));

const HEADER = ['order', 'time', 'member', 'sku', 'qty', 'void'];
const MAP = `source: pos
type: order_paid
at: { column: time, zone: UTC }
identifiers: [{ type: member, column: member }]
skip: [{ column: void, empty: false }]
refunds: true
`;

async function outcomes(yaml: string, batches: readonly (readonly Row[])[]): Promise<CsvOutcome[]> {
  await writeFile(join(dir, 'map.yaml'), yaml);
  const map = await readCsvMap(join(dir, 'map.yaml'));
  const rows = async function* (): AsyncIterable<readonly Row[]> {
    for (const batch of batches) yield await Promise.resolve(batch);
  };
  const all: CsvOutcome[] = [];
  for await (const some of outcomesOf(map, bindColumns(map, HEADER), rows())) all.push(...some);
  return all;
}

/** Every row of these tables is one item. */
const rowsIn = (outcome: CsvOutcome): number => {
  if (outcome.kind === 'skipped') return outcome.rows;
  if (outcome.kind === 'dead') return outcome.rows.length;
  const items = outcome.body['items'];
  return Array.isArray(items) ? items.length : 0;
};

const row = fc.tuple(
  fc.constantFrom('1', '2', '3', ''),
  fc.constantFrom('2026-03-08T09:00', '2026-03-07T09:00', '2026-03-08T09:00', 'never'),
  fc.constantFrom('M1', 'M1', ''),
  fc.constantFrom('A', 'B', ''),
  fc.constantFrom('1', '2', '-1', 'x'),
  fc.constantFrom('', '', 'void'),
);
const items = (rest: string): string => `items: { sku: sku, quantity: qty${rest} }\n`;

describe('the rows of a table', () => {
  it.each([
    ['each an event', items('')],
    ['gathered while they follow each other', items(', by: order')],
    ['gathered from anywhere', items(', by: order, anywhere: true')],
    ['sorted', `${items('')}sort: true\n`],
  ])('%s: every one ends once, as part of an event, skipped or dead', async (_, more) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(row, { maxLength: 6 }), { maxLength: 4 }),
        async (rows) => {
          const all = await outcomes(MAP + more, rows);
          expect(all.map(rowsIn).reduce((sum, count) => sum + count, 0)).toBe(rows.flat().length);
        },
      ),
      { numRuns: 50 },
    );
  });

  it('come in order of time if the map says so: the newest may stand first', async () => {
    const at = (day: number): Row => [`${day}`, `2026-03-0${day}T09:00`, 'M1', 'A', '1', ''];
    const days = (all: readonly CsvOutcome[]): number[] =>
      all.map((one) => (one.kind === 'event' ? new Date(one.at).getUTCDate() : 0));
    const newestFirst = [[at(9), at(7)], [at(8)]];
    expect(days(await outcomes(MAP + items(''), newestFirst))).toEqual([9, 7, 8]);
    expect(days(await outcomes(`${MAP}${items('')}sort: true\n`, newestFirst))).toEqual([7, 8, 9]);
  });
});
