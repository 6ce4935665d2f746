/** Plain SQL over a raw file, in a ClickHouse of its own that shares nothing with Weft. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { parseLines, pathOf } from './weft.ts';

const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;

/** The statement of a file in test/; `{raw:String}` is the path of the raw file. */
export async function askRawFile<R>(
  sqlFile: string,
  params: Readonly<Record<string, string | number>>,
): Promise<R[]> {
  const sql = readFileSync(pathOf(sqlFile), 'utf8');
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [pathOf('test/children/raw-sql.mjs'), sql, JSON.stringify(params)],
    { maxBuffer: OUTPUT_BYTES_MAX },
  );
  return parseLines<R>(stdout);
}
