// Asks chDB one question, in memory, and writes the rows as lines of JSON. `{name:Type}` are parameters.
import { queryBind } from 'chdb';

const [, , sql, params] = process.argv;
process.stdout.write(queryBind(sql, JSON.parse(params), 'JSONEachRow'));
