/**
 * What an analyst may ask and what nobody may, read by the engine itself. A hostile statement must be
 * refused before it runs: neither executed, nor left to the engine to fail.
 */
import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { codeOf } from '../../ports/analytics-store.contract.ts';
import { startChdb } from '../chdb/process.ts';
import { openEmbedded, type Embedded } from './embedded.contract.ts';
import { isAllowedFunction } from './sql-functions.ts';
import { checkStatement } from './sql-guard.ts';
import { parseTree } from './sql-tree.ts';

let embedded: Embedded;

beforeAll(async () => {
  embedded = await openEmbedded(startChdb);
}, 60_000);
afterAll(() => embedded.close());

const OUTFILE = '/tmp/weft-guard-wrote-this';

const HOSTILE: readonly string[] = [
  // files, addresses, other databases, programs
  "SELECT file('/etc/passwd')",
  "SELECT FILE('/etc/passwd')",
  "SELECT * FROM file('/etc/passwd', 'LineAsString')",
  "SELECT * FROM '/etc/passwd'",
  'SELECT * FROM `/etc/passwd`',
  "SELECT * FROM url('http://127.0.0.1:1/', 'CSV', 'a String')",
  "SELECT * FROM urlCluster('c', 'http://127.0.0.1:1/', 'CSV', 'a String')",
  "SELECT * FROM s3('http://127.0.0.1:1/bucket/x', 'CSV', 'a String')",
  "SELECT * FROM s3Cluster('c', 'http://127.0.0.1:1/x')",
  "SELECT * FROM remote('127.0.0.1', 'system.one')",
  "SELECT * FROM remoteSecure('127.0.0.1', 'system.one')",
  "SELECT * FROM cluster('default', system.one)",
  "SELECT * FROM clusterAllReplicas('default', system.one)",
  "SELECT * FROM mysql('127.0.0.1:1', 'd', 't', 'u', 'p')",
  "SELECT * FROM postgresql('127.0.0.1:1', 'd', 't', 'u', 'p')",
  "SELECT * FROM sqlite('/tmp/x.db', 't')",
  "SELECT * FROM executable('id', 'TSV', 'a String')",
  "SELECT * FROM format('CSV', '1,2')",
  "SELECT * FROM merge('weft_store', '.*')",
  'SELECT * FROM view(SELECT 1)',
  "SELECT * FROM viewIfPermitted(SELECT 1 ELSE null('a Int8'))",
  "SELECT * FROM eval('SELECT 1')",
  "SELECT * FROM input('a String')",
  'SELECT * FROM loop(weft.events)',
  "SELECT * FROM dictionary('d')",
  "SELECT dictGet('d', 'a', 1)",
  "SELECT dictGetOrDefault('d', 'a', 1, 2), dictHas('d', 1)",
  "SELECT joinGet('weft_store.events', 'id', 1)",
  'SELECT * FROM (EXPLAIN SELECT 1)',
  // the same, hidden
  "WITH (SELECT file('/etc/passwd')) AS x SELECT x",
  "WITH x AS (SELECT file('/etc/passwd') AS f) SELECT f FROM x",
  "WITH (y -> file(y)) AS f SELECT f('/etc/passwd')",
  "SELECT arrayMap(x -> file(x), ['/etc/passwd'])",
  "SELECT id FROM events WHERE id IN (SELECT file('/etc/passwd'))",
  "SELECT id FROM events ORDER BY file('/etc/passwd')",
  "SELECT count() FROM events GROUP BY file('/etc/passwd')",
  "SELECT count() FROM events HAVING file('/etc/passwd') = ''",
  "SELECT sum(total) OVER (PARTITION BY file('/etc/passwd')) FROM events",
  "SELECT sum(total) OVER w FROM events WINDOW w AS (ORDER BY file('/etc/passwd'))",
  "SELECT 1 AS x ORDER BY x WITH FILL FROM 1 TO 2 INTERPOLATE (x AS length(file('/etc/passwd')))",
  "SELECT 1 LIMIT (SELECT length(file('/etc/passwd')))",
  'SELECT * APPLY(x -> file(x)) FROM events',
  "SELECT * APPLY(file) FROM (SELECT '/etc/passwd' AS p)",
  "SELECT * REPLACE(file('/etc/passwd') AS id) FROM events",
  "SELECT COLUMNS('i') APPLY(file) FROM events",
  "SELECT sumIf(total, file('/etc/passwd') = '') FROM events",
  "SELECT 1 UNION ALL SELECT length(file('/etc/passwd'))",
  "SELECT 1 EXCEPT SELECT length(file('/etc/passwd'))",
  "SELECT e.id FROM events AS e JOIN url('http://127.0.0.1:1/', 'CSV', 'a String') AS u ON 1",
  "SELECT /* harmless */ fi/**/le('/etc/passwd')",
  "SELECT `file`('/etc/passwd')",
  "EXPLAIN SELECT file('/etc/passwd')",
  "EXPLAIN AST SELECT file('/etc/passwd')",
  "EXPLAIN TABLE OVERRIDE mysql('127.0.0.1:1', 'd', 't', 'u', 'p') PARTITION BY a",
  "DESCRIBE TABLE url('http://127.0.0.1:1/')",
  "DESCRIBE TABLE (SELECT file('/etc/passwd'))",
  "SHOW TABLES WHERE name = file('/etc/passwd')",
  "SHOW COLUMNS FROM events WHERE field = file('/etc/passwd')",
  // names of its own that are the engine's
  "SELECT file('/etc/passwd') FROM (WITH (x -> x) AS file SELECT 1)",
  "WITH (x -> x) AS file SELECT file('/etc/passwd')",
  "SELECT file('/etc/passwd') FROM (SELECT arrayMap((x -> x) AS file, [1]))",
  "SELECT file('/etc/passwd') FROM (SELECT (x -> x) AS `file`, 1)",
  "SELECT FILE('/etc/passwd') FROM (WITH (x -> x) AS FILE SELECT 1)",
  'SELECT "file"(\'/etc/passwd\') FROM (WITH (x -> x) AS "file" SELECT 1)',
  "SELECT base64Encode(file('/etc/passwd')) FROM (WITH (WITH (x -> x) AS file SELECT 1) AS y SELECT y)",
  "SELECT file('/etc/passwd') UNION ALL SELECT y FROM (WITH (x -> x) AS file SELECT file('q') AS y)",
  "WITH t AS (WITH (x -> x) AS file SELECT 1) SELECT file('/etc/passwd') FROM t",
  "SELECT id FROM events WHERE file('/etc/passwd') = '' AND 1 IN (WITH (x -> x) AS file SELECT 1)",
  "SELECT `lambda (alias file)`(1), file('/etc/passwd')",
  "EXPLAIN SELECT file('/etc/passwd') FROM (WITH (x -> x) AS file SELECT 1)",
  "EXPLAIN PLAN SELECT file('/etc/passwd') FROM (WITH (x -> x) AS file SELECT 1)",
  "EXPLAIN QUERY TREE SELECT file('/etc/passwd') FROM (WITH (x -> x) AS file SELECT 1)",
  "EXPLAIN SYNTAX SELECT file('/etc/passwd') FROM (WITH (x -> x) AS file SELECT 1)",
  "DESCRIBE TABLE (SELECT file('/etc/passwd') FROM (WITH (x -> x) AS file SELECT 1))",
  'SELECT hostName() FROM (WITH (x -> x) AS hostName SELECT 1)',
  'SELECT sleep(1) FROM (WITH (x -> x) AS sleep SELECT 1)',
  "SELECT getSetting('readonly') FROM (WITH (x -> x) AS getSetting SELECT 1)",
  'SELECT aggThrowIf(0.5)(1, 1) FROM (WITH (x -> x) AS aggThrowIf SELECT 1)',
  "SELECT arrayMap(file, ['/etc/passwd'])",
  "SELECT arrayMap(`file`, ['/etc/passwd'])",
  "SELECT arrayFilter(file, ['/etc/passwd'])",
  "EXPLAIN SELECT arrayMap(file, ['/etc/passwd'])",
  "SELECT arrayMap(file -> file('/etc/passwd'), [1])",
  "WITH (f -> arrayMap(f, ['/etc/passwd'])) AS g SELECT g(file)",
  "SELECT arrayMap(x -> x, arrayMap(file, ['/etc/passwd']))",
  'SELECT arrayMap(sleep, [3])',
  // written to disk, several statements, settings
  `SELECT 1 INTO OUTFILE '${OUTFILE}'`,
  `SELECT 1 INTO OUTFILE '${OUTFILE}' TRUNCATE FORMAT CSV`,
  `EXPLAIN SELECT 1 INTO OUTFILE '${OUTFILE}'`,
  'SELECT 1; SELECT 2',
  'SELECT 1;; DROP TABLE weft_store.events',
  'EXPLAIN AST SELECT 1; DROP TABLE weft_store.events',
  'SELECT 1 -- \n; DROP TABLE weft_store.events',
  'SELECT 1 SETTINGS max_execution_time = 0',
  'SELECT * FROM (SELECT 1 SETTINGS readonly = 0)',
  'SELECT 1 FORMAT JSON SETTINGS max_threads = 64',
  'SET readonly = 0',
  'SET allow_introspection_functions = 1',
  'USE system',
  // changes
  'INSERT INTO weft_store.events SELECT * FROM weft_store.events',
  "INSERT INTO FUNCTION file('/tmp/x') SELECT 1",
  'INSERT INTO weft_store.clocks VALUES (1, 1)',
  'CREATE TABLE weft.x AS SELECT 1',
  'CREATE VIEW weft.x AS SELECT 1',
  'CREATE FUNCTION f AS x -> x',
  'CREATE TEMPORARY TABLE x (a Int8)',
  'ALTER TABLE weft_store.events DELETE WHERE 1',
  'DELETE FROM weft_store.events WHERE 1',
  'DROP TABLE weft_store.events',
  'TRUNCATE TABLE weft_store.events',
  'OPTIMIZE TABLE weft_store.events FINAL',
  'RENAME TABLE weft_store.events TO weft_store.x',
  'ATTACH TABLE x',
  'DETACH TABLE weft_store.events',
  "BACKUP TABLE weft_store.events TO Disk('a', 'b')",
  'CHECK TABLE weft_store.events',
  'SYSTEM SHUTDOWN',
  'SYSTEM RELOAD CONFIG',
  'KILL QUERY WHERE 1',
  'GRANT ALL ON *.* TO default',
  'CREATE USER x',
  'EXECUTE AS default SELECT 1',
  // what is not theirs to see
  'SELECT * FROM weft_store.events',
  'SELECT * FROM system.processes',
  'SELECT * FROM system.users',
  'SELECT * FROM system.settings',
  'SELECT * FROM system.server_settings',
  'SELECT * FROM `system`.`query_log`',
  'SELECT * FROM system.numbers LIMIT 1',
  'SELECT 1 IN system.users',
  "SELECT ('a', 1) IN (weft_store.events)",
  'WITH system.users AS t SELECT 1 IN t',
  'SELECT * FROM default.x',
  'SELECT * FROM weft.events AS e WHERE e.id IN other.table',
  'SHOW TABLES FROM weft_store',
  'SHOW CREATE TABLE weft_store.events',
  'SHOW CREATE USER default',
  'SHOW GRANTS',
  'SHOW PROCESSLIST',
  "SHOW SETTINGS LIKE '%'",
  'EXISTS TABLE weft_store.events',
  'DESCRIBE TABLE weft_store.events',
  "SELECT getSetting('readonly')",
  'SELECT @@version_comment',
  "SELECT getServerPort('tcp_port'), getMacro('x')",
  'SELECT hostName()',
  'SELECT filesystemAvailable()',
  "SELECT hasColumnInTable('weft_store', 'events', 'id')",
  // waits and floods
  'SELECT sleep(3)',
  'SELECT sleepEachRow(1) FROM events',
  'SELECT * FROM numbers(1000000000000)',
  'SELECT count() FROM numbers(1e12)',
  'SELECT * FROM numbers(toUInt64(10))',
  'SELECT * FROM numbers_mt(10)',
  "SELECT * FROM generateRandom('a UInt64')",
  'SELECT * FROM zeros(10)',
  "SELECT catboostEvaluate('/tmp/model', 1)",
];

const HONEST: readonly string[] = [
  'SELECT count() FROM weft.events',
  'SELECT count() FROM events',
  "select Count(*), SUM(total) / 100 as yuan from events where type = 'order_paid'",
  'SELECT * FROM events ORDER BY at DESC LIMIT 10 OFFSET 5',
  'SELECT toStartOfHour(at) AS hour, count() FROM events WHERE at >= now() - INTERVAL 1 DAY GROUP BY hour ORDER BY hour WITH FILL STEP INTERVAL 1 HOUR',
  "SELECT toDate(at, 'Asia/Shanghai') AS day, uniqExact(profile) FROM events GROUP BY day",
  'SELECT e.type, p.created_by, count() FROM weft.events AS e INNER JOIN weft.profiles AS p ON p.id = e.profile AND p.tenant = e.tenant GROUP BY ALL',
  'SELECT e.id FROM events e LEFT JOIN deliveries d USING (id) WHERE d.id IS NULL',
  'SELECT profile, row_number() OVER (PARTITION BY profile ORDER BY at) AS n, lagInFrame(at) OVER w AS previous FROM events WINDOW w AS (PARTITION BY profile ORDER BY at ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)',
  "SELECT profile, windowFunnel(86400)(toDateTime(at), type = 'product_viewed', type = 'cart_added', type = 'order_paid') AS step FROM events GROUP BY profile",
  "SELECT quantiles(0.5, 0.9, 0.99)(duration_ms), quantileTDigestIf(0.5)(duration_ms, outcome = 'accepted'), median(duration_ms) FROM deliveries",
  "SELECT JSONExtractString(properties, 'page'), JSON_VALUE(properties, '$.a'), simpleJSONExtractInt(properties, 'n') FROM events",
  "SELECT JSONExtractString(item, 'sku') AS sku, sum(JSONExtractInt(item, 'price') * JSONExtractFloat(item, 'quantity')) AS money FROM events ARRAY JOIN JSONExtractArrayRaw(items) AS item GROUP BY sku",
  'SELECT arrayMap(x -> x * 2, [1, 2]), arrayFilter((x, y) -> y, [1, 2], [0, 1]), arraySort(x -> -x, [3, 1])',
  'WITH orders AS (SELECT profile, sum(total) AS money FROM events GROUP BY profile), top AS (SELECT * FROM orders ORDER BY money DESC LIMIT 3) SELECT avg(money) FROM top',
  'WITH RECURSIVE t AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM t WHERE n < 5) SELECT sum(n) FROM t',
  'WITH (x -> x / 100) AS yuan SELECT yuan(sum(total)) FROM events',
  'WITH (x -> x / 100) AS sumIf SELECT arrayMap(sumIf, [1])',
  "WITH (x -> upper(x)) AS loud SELECT arrayMap(loud, ['a']), arrayMap(upper, ['a'])",
  'SELECT count() AS `多少`, max(at) AS newest FROM events GROUP BY type HAVING `多少` > 1 ORDER BY newest',
  "SELECT 'a' AS k, count() FROM events UNION ALL SELECT 'b', count() FROM actions",
  "SELECT id FROM events WHERE profile IN (SELECT profile FROM profile_tags WHERE tag = 'vip')",
  "SELECT count() FROM events WHERE type IN ('a', 'b') AND (source, channel) NOT IN (('pos', 'store'))",
  "SELECT multiIf(total > 100, 'big', 'small'), CASE type WHEN 'a' THEN 1 ELSE 2 END, if(1, 2, 3), coalesce(NULL, 1) FROM events",
  "SELECT id::String, CAST(total AS Float64), toDecimal64(1.5, 2), date_trunc('month', at), dateDiff('day', at, now()), formatDateTime(at, '%Y-%m-%d') FROM events",
  'SELECT * EXCEPT (properties) REPLACE (total * 2 AS total), e.id FROM events AS e',
  "SELECT COLUMNS('^t') FROM events",
  'SELECT tenant, profile, recency_days, frequency, monetary FROM rfm WHERE frequency > 1',
  'SELECT * FROM weft.funnel ORDER BY day',
  "SELECT trigger, suppressed_by['no_consent'] FROM trigger_performance",
  "SELECT retention(type = 'a', type = 'b') FROM events GROUP BY profile",
  'SELECT number % 2 AS odd, count() AS n FROM numbers(10) GROUP BY odd WITH TOTALS HAVING n > 1',
  'SELECT type, source, grouping(type) FROM events GROUP BY GROUPING SETS ((type), (source))',
  'SELECT uniqExactIfOrNull(profile, total > 1), argMaxIf(id, at, 1), topK(3)(type), sumMap(map(type, 1)), groupUniqArrayArray(flags) FROM events',
  'SELECT DISTINCT ON (profile) profile, at FROM events ORDER BY at',
  "SELECT number, toDate('2026-01-01') + number AS day FROM numbers(365)",
  'SELECT * FROM generate_series(1, 10)',
  "SELECT * FROM values('a Int8, b String', (1, 'x'), (2, 'y'))",
  'SELECT {n:UInt8} + 1, {list:Array(String)}',
  "SELECT exists(SELECT 1), (SELECT max(at) FROM events), [1, 2][1], (1, 'a').2, -total, NOT anonymous FROM events",
  'SELECT * FROM events FINAL',
  'SELECT version(), currentDatabase(), timezone(), currentUser()',
  "SELECT name, type FROM system.columns WHERE database = 'weft'",
  "SELECT table_name FROM information_schema.tables WHERE table_schema = 'weft'",
  'SELECT \'SETTINGS; INTO OUTFILE file(1)\' AS text, `id` AS "名字" FROM events',
  'SHOW TABLES',
  "SHOW TABLES FROM weft LIKE 'e%'",
  'SHOW DATABASES',
  'SHOW COLUMNS FROM events',
  'SHOW CREATE TABLE weft.events',
  'EXISTS TABLE weft.events',
  'DESCRIBE weft.events',
  'DESCRIBE TABLE (SELECT id FROM events)',
  'EXPLAIN SELECT count() FROM events',
  "EXPLAIN indexes = 1 SELECT id FROM events WHERE tenant = 'a'",
  'EXPLAIN SYNTAX SELECT 1',
  'SELECT 1 FORMAT CSV',
  'SELECT 1;',
];

describe('a hostile statement', () => {
  it.each(HOSTILE)('is refused: %s', async (sql) => {
    const code = await codeOf(embedded.store.queryReadOnly(sql));
    // What is no statement to the engine at all cannot run either.
    const isNoStatement = code === 'query_failed' && (await isSyntaxError(sql));
    expect(isNoStatement || code === 'query_refused').toBe(true);
    expect(existsSync(OUTFILE)).toBe(false);
  });

  it('has left everything as it was', async () => {
    const { data } = await embedded.store.query(
      "SELECT count() AS n FROM system.tables WHERE database = 'weft_store' AND name = 'events'",
    );
    expect(data).toEqual([{ n: 1 }]);
    expect(embedded.exits).toEqual([]);
  });

  it('is refused when a parameter would name the table', async () => {
    const params = { t: 'weft_store.events' };
    const asked = embedded.store.queryReadOnly('SELECT * FROM {t:Identifier}', { params });
    expect(await codeOf(asked)).toBe('query_refused');
  });

  it('is refused when it is too long', async () => {
    const sql = `SELECT '${'x'.repeat(70_000)}'`;
    expect(await codeOf(embedded.store.queryReadOnly(sql))).toBe('query_refused');
  });
});

describe('an honest statement', () => {
  it.each(HONEST)('is answered: %s', async (sql) => {
    const params = { n: 1, list: ['a'] };
    const answer = await embedded.store.queryReadOnly(sql, sql.includes('{n:') ? { params } : {});
    expect(answer.rows).toBe(answer.data.length);
  });
});

async function isSyntaxError(sql: string): Promise<boolean> {
  try {
    await embedded.store.queryReadOnly(sql);
    return false;
  } catch (error) {
    return error instanceof Error && error.message.startsWith('Syntax error');
  }
}

describe('the tree of a statement', () => {
  const SELECT_1 = [
    'SelectWithUnionQuery (children 1)',
    ' ExpressionList (children 1)',
    '  SelectQuery (children 1)',
    '   ExpressionList (children 1)',
  ];
  const tree = (...lines: readonly string[]): string => [...SELECT_1, ...lines].join('\n');

  it('is read with names, aliases and children', () => {
    const root = parseTree(
      tree(
        '    Function sum (alias s) (children 1)',
        '     ExpressionList (children 1)',
        '      Identifier a',
      ),
    );
    const sum = root?.children[0]?.children[0]?.children[0]?.children[0];
    expect(sum).toMatchObject({ kind: 'Function', text: 'sum', alias: 's' });
  });

  it.each([
    ['a line too many', tree('    Literal UInt64_1', '    Literal UInt64_2')],
    ['a line too few', tree()],
    ['a name that goes on in the next line', tree('    Identifier b', '  c')],
    ['a name that looks like the end of its parent', tree('    Identifier b', '   Function sum')],
    ['a second root', tree('    Literal UInt64_1', 'Literal UInt64_2')],
    ['a depth that no parent has', tree('      Literal UInt64_1')],
    ['nothing', ''],
  ])('is not believed with %s', (_, text) => {
    const line = 'SELECT `b\\n c`';
    expect(checkStatement(line, text).kind).toBe('refused');
  });

  it('is not allowed with a kind of node nobody has looked at', () => {
    const checked = checkStatement('SELECT 1', tree('    ASTOfTheFuture'));
    expect(checked).toMatchObject({
      kind: 'refused',
      reason: expect.stringContaining('ASTOfTheFuture'),
    });
  });

  it('allows a function in any case and with any combinator, and no other', () => {
    expect(
      ['SUM', 'sumIf', 'uniqExactIfOrNull', 'toStartOfHour', 'JSONExtract'].every(
        isAllowedFunction,
      ),
    ).toBe(true);
    expect(
      ['file', 'FILE', 'url', 'sleep', 'dictGet', 'fileIf', 'getSetting'].some(isAllowedFunction),
    ).toBe(false);
  });
});
