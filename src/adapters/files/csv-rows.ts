/** Rows of a CSV with a header line, as text by column name, in the batches they come in. */
import { csvCells } from './csv-cells.ts';

export type CsvRow = Readonly<Record<string, string>>;

/** A cell that no column names is left out. */
export async function* csvRows(text: AsyncIterable<string>): AsyncIterable<readonly CsvRow[]> {
  let header: readonly string[] | undefined;
  for await (const batch of csvCells(text, ',')) {
    const rows: CsvRow[] = [];
    for (const cells of batch) {
      if (header === undefined) {
        header = cells.map((name) => name.trim());
        continue;
      }
      const row: Record<string, string> = {};
      for (const [place, name] of header.entries()) {
        const cell = cells[place];
        if (cell !== undefined) row[name] = cell;
      }
      rows.push(row);
    }
    yield rows;
  }
}
