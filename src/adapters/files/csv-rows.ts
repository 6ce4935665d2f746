/** Rows of a CSV with a header line, as text by column name. */
import { parse } from 'csv-parse';
import { Readable } from 'node:stream';

export type CsvRow = Readonly<Record<string, string>>;

/** The rows of a CSV with a header line. */
export function csvRows(text: AsyncIterable<string>, delimiter = ','): AsyncIterable<CsvRow> {
  const parser = parse({
    columns: (header: string[]) => header.map((name) => name.trim()),
    delimiter,
    bom: true,
    relaxColumnCount: true,
    relaxQuotes: true,
    skipEmptyLines: true,
    maxRecordSize: 1024 * 1024,
  });
  return Readable.from(text).pipe(parser) as AsyncIterable<CsvRow>;
}
