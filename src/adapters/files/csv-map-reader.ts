/** A table as rows of canonical events, by a map: header, rows, outcomes, and the numbers they get. */
import { csvCells } from './csv-cells.ts';
import {
  bindColumns,
  headerAmong,
  HEADER_ROWS_MAX,
  noHeader,
  type Row,
} from './csv-map-columns.ts';
import type { CsvMap } from './csv-map-definition.ts';
import type { CsvOutcome } from './csv-map-event.ts';
import { outcomesOf } from './csv-map-groups.ts';
import type { ImportedRow, ImportFile } from './import-file.ts';

/** Of a dead order that a wrong map made of a whole file. */
const DEAD_ROWS_MAX = 1_000;

export function csvReader(map: CsvMap): (file: ImportFile) => AsyncIterable<ImportedRow> {
  return async function* (file) {
    const batches = csvCells(file.text(map.encoding), map.delimiter)[Symbol.asyncIterator]();
    try {
      yield* readTable(map, file, batches);
    } finally {
      await batches.return?.(undefined);
    }
  };
}

async function* readTable(
  map: CsvMap,
  file: ImportFile,
  batches: Batches,
): AsyncIterable<ImportedRow> {
  const first = await takeRows(batches, HEADER_ROWS_MAX);
  const place = headerAmong(map, first);
  const header = first[place];
  if (header === undefined) {
    const top = first.slice(0, HEADER_ROWS_MAX);
    throw await noHeader(map, { path: file.path, textIn: beginningOf(file) }, top);
  }
  for (let i = 0; i < place; i++) yield { kind: 'skipped', reason: 'above the header' };
  const columns = bindColumns(map, header);
  const below = chained(first.slice(place + 1), batches);
  let row = 0;
  for await (const outcomes of outcomesOf(map, columns, below)) {
    for (const outcome of outcomes) {
      if (outcome.kind === 'skipped') yield* skipped(outcome.reason, outcome.rows);
      else {
        yield numbered(outcome, row, { digest: file.digest, header: columns.header });
        row += 1;
      }
    }
  }
}

type Batches = AsyncIterator<readonly Row[]>;

/** At least so many, if there are so many. */
async function takeRows(batches: Batches, count: number): Promise<readonly Row[]> {
  const taken: Row[] = [];
  while (taken.length < count) {
    const next = await batches.next();
    if (next.done === true) break;
    for (const row of next.value) taken.push(row);
  }
  return taken;
}

async function* chained(first: readonly Row[], rest: Batches): AsyncIterable<readonly Row[]> {
  yield first;
  yield* { [Symbol.asyncIterator]: () => rest };
}

const beginningOf =
  (file: ImportFile) =>
  async (encoding: string): Promise<string> => {
    for await (const text of file.text(encoding)) if (text !== '') return text;
    return '';
  };

function* skipped(reason: string, rows: number): Iterable<ImportedRow> {
  for (let i = 0; i < rows; i++) yield { kind: 'skipped', reason };
}

function numbered(
  outcome: Exclude<CsvOutcome, { readonly kind: 'skipped' }>,
  row: number,
  { digest, header }: { readonly digest: string; readonly header: Row },
): ImportedRow {
  if (outcome.kind === 'dead') {
    const rows = outcome.rows.slice(0, DEAD_ROWS_MAX).map((cells) => namedCells(header, cells));
    return { kind: 'dead', row, reason: outcome.reason, text: JSON.stringify(rows) };
  }
  outcome.body['id'] ??= `${digest}:${row}`;
  return { kind: 'event', row, body: outcome.body };
}

/** Put into a list, no header can make an event of it. */
const namedCells = (header: Row, cells: Row): Readonly<Record<string, string>> =>
  Object.fromEntries(cells.map((cell, place) => [nameAt(header, place), cell]));

function nameAt(header: Row, place: number): string {
  const name = header[place] ?? '';
  return name === '' || header.indexOf(name) < place ? `${name}#${place + 1}` : name;
}
