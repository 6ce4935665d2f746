/**
 * May this statement of somebody else run? It may if everything in it is known to be harmless: kinds of
 * nodes, functions, tables, each held against a list of what is allowed. Works on what the engine itself
 * understood: one statement, formatted on one line (which refuses several), and that line's tree. What is
 * run is that line, never the text that came. Names a statement makes up are the one thing no list can
 * hold: the engine is asked that none is a function of its own. Pure.
 */
import { isAllowedFunction, stemsOf } from './sql-functions.ts';
import { allNodes, parseTree, type TreeNode } from './sql-tree.ts';

export const STATEMENT_BYTES_MAX = 64 * 1024;

export type Checked =
  /** `statement` is without FORMAT; `format` is the one it named. Runs only if `whyNamesRefused` agrees. */
  | {
      readonly kind: 'allowed';
      readonly statement: string;
      readonly format: string | undefined;
      readonly names: OwnNames;
    }
  | { readonly kind: 'refused'; readonly reason: string };

/**
 * Names of columns, aliases and lambdas, none of them an open function. Where the engine finds nothing
 * else by such a name it takes a function of its own, whatever scope the statement gave it:
 * `arrayMap(file, …)`, `file(…) FROM (WITH (x -> x) AS file …)`. In lower case.
 */
export interface OwnNames {
  readonly names: readonly string[];
  /** The same without combinators: `…If` is a function if `…` is an aggregate. */
  readonly stems: readonly string[];
}

/** With `OwnNames` as parameters: those that the engine, or whoever runs it, has as functions. */
export const FUNCTIONS_AMONG =
  'SELECT DISTINCT name FROM system.functions WHERE lower(name) IN {names:Array(String)}' +
  ' OR (is_aggregate AND lower(name) IN {stems:Array(String)}) LIMIT 10';

/** `functions`: the engine's answer to `FUNCTIONS_AMONG`. */
export const whyNamesRefused = (functions: readonly string[]): string | undefined =>
  functions.length === 0
    ? undefined
    : `The function ${functions.join(', ')} is not open here, and nothing else may have its name.`;

const NO_NAMES: OwnNames = { names: [], stems: [] };
const DATABASE = 'weft';
/** Facts about names and types, without data, users, paths to data, or settings of the machine. */
const FACTS: ReadonlySet<string> = new Set([
  'system.one',
  'system.databases',
  'system.tables',
  'system.columns',
  'system.functions',
  'system.formats',
  'system.data_type_families',
  'system.table_engines',
  'system.time_zones',
  'system.collations',
  ...['information_schema', 'INFORMATION_SCHEMA'].flatMap((schema) =>
    ['tables', 'columns', 'schemata', 'views', 'TABLES', 'COLUMNS', 'SCHEMATA', 'VIEWS'].map(
      (table) => `${schema}.${table}`,
    ),
  ),
]);
/** A dotted name that begins so means a table of that database wherever it stands. */
const OTHER_DATABASES: ReadonlySet<string> = new Set([
  'system',
  'default',
  'weft_store',
  'information_schema',
  'INFORMATION_SCHEMA',
]);
/** Rows out of nothing; their numbers are literals up to GENERATED_ROWS_MAX. */
const GENERATORS: ReadonlySet<string> = new Set(['numbers', 'generate_series', 'generateSeries']);
const GENERATED_ROWS_MAX = 1_000_000;
const PLAIN_NODES: ReadonlySet<string> = new Set([
  'SelectWithUnionQuery',
  'SelectIntersectExceptQuery',
  'SelectQuery',
  'ExpressionList',
  'Subquery',
  'WithElement',
  'TablesInSelectQuery',
  'TablesInSelectQueryElement',
  'TableExpression',
  'TableIdentifier',
  'TableJoin',
  'ArrayJoin',
  'SampleRatio',
  'Identifier',
  'Literal',
  'Function',
  'Asterisk',
  'QualifiedAsterisk',
  'ColumnsRegexpMatcher',
  'ColumnsListMatcher',
  'QualifiedColumnsRegexpMatcher',
  'QualifiedColumnsListMatcher',
  'ColumnsTransformerList',
  'ColumnsExceptTransformer',
  'ColumnsReplaceTransformer',
  'ColumnsReplaceTransformer::Replacement',
  'OrderByElement',
  'InterpolateElement',
  'WindowListElement',
  'WindowDefinition',
]);
const EXPLAINS = /^Explain EXPLAIN( (SYNTAX|AST|QUERY TREE|PIPELINE|ESTIMATE|PLAN))?$/;
const NAME = String.raw`(?:[A-Za-z_]\w*|\`[A-Za-z_]\w*\`)`;
const OWN = String.raw`(?:${DATABASE}|\`${DATABASE}\`)`;
const TEXT = String.raw`'(?:[^'\\]|\\.)*'`;
const FORMAT = /(?: FORMAT (?:`(\w+)`|(\w+)))?$/;
/** Statements about names only: small enough to be held against their whole shape. */
const ABOUT_NAMES = new RegExp(
  [
    String.raw`SHOW (FULL )?TABLES( FROM ${OWN})?( (NOT )?I?LIKE ${TEXT})?( LIMIT \d+)?`,
    String.raw`SHOW DATABASES( (NOT )?I?LIKE ${TEXT})?( LIMIT \d+)?`,
    String.raw`SHOW (EXTENDED )?(FULL )?COLUMNS FROM ${NAME}( FROM ${OWN})?( (NOT )?I?LIKE ${TEXT})?( LIMIT \d+)?`,
    String.raw`SHOW CREATE (TABLE|VIEW) (${OWN}\.)?${NAME}`,
    String.raw`EXISTS (TABLE|VIEW) (${OWN}\.)?${NAME}`,
  ]
    .map((shape) => `(?:${shape})`)
    .join('|')
    .replace(/^(.*)$/s, '^(?:$1)$'),
);
const IDENTIFIER_PARAMETER = /\{\s*\w+\s*:\s*Identifier\s*\}/;
const IN_FUNCTION = /^(global)?(not)?(null)?in(ignoreset)?$/i;

/** `line`: the statement as `formatQuerySingleLine` has it. `tree`: `EXPLAIN AST` of that line. */
export function checkStatement(line: string, tree: string): Checked {
  if (line.includes('\n')) return refused('The statement could not be read as one line.');
  const [bare, format] = splitFormat(line);
  if (ABOUT_NAMES.test(bare)) return { kind: 'allowed', statement: bare, format, names: NO_NAMES };
  if (IDENTIFIER_PARAMETER.test(line))
    return refused('Names of tables and columns cannot be parameters: write them into the text.');
  const root = parseTree(tree);
  if (!root) return refused('The statement has names that cannot be checked: use plain ones.');
  const body = bodyOf(root);
  const reason = typeof body === 'string' ? body : whyRefused(body);
  if (typeof body === 'string' || reason !== undefined) return refused(reason ?? ONLY_SELECT);
  const names = ownNamesOf(body);
  const hasFormat = root.children.at(-1)?.kind === 'Identifier';
  return hasFormat
    ? { kind: 'allowed', statement: bare, format, names }
    : { kind: 'allowed', statement: line, format: undefined, names };
}

function splitFormat(line: string): readonly [string, string | undefined] {
  const found = FORMAT.exec(line);
  const format = found?.[1] ?? found?.[2];
  return format === undefined ? [line, undefined] : [line.slice(0, found?.index), format];
}

const refused = (reason: string): Checked => ({ kind: 'refused', reason });

function whyRefused(body: TreeNode): string | undefined {
  const names = namesOf(body);
  for (const node of allNodes(body)) {
    const reason = whyNodeRefused(node, names);
    if (reason !== undefined) return reason;
  }
  return undefined;
}

/** The part that is held against the lists: the root's own shape is checked here. */
function bodyOf(root: TreeNode): TreeNode | string {
  const parts =
    root.children.at(-1)?.kind === 'Identifier' ? root.children.slice(0, -1) : root.children;
  if (parts.some(({ kind }) => kind === 'Literal'))
    return 'INTO OUTFILE is not possible here: the answer comes back to you.';
  const isExplain = EXPLAINS.test(root.kind);
  // Before the statement they are settings of EXPLAIN itself, which only change what it prints.
  const own = isExplain && parts[0]?.kind === 'Set' ? parts.slice(1) : parts;
  if (own.some(({ kind }) => kind === 'Set')) return SETTINGS_REFUSED;
  const [only] = own;
  if (own.length !== 1 || !only) return ONLY_SELECT;
  if (root.kind === 'SelectWithUnionQuery')
    return only.kind === 'ExpressionList' ? { ...root, children: own } : ONLY_SELECT;
  if (root.kind === 'DescribeQuery') return only.kind === 'TableExpression' ? only : ONLY_SELECT;
  return isExplain && only.kind === 'SelectWithUnionQuery' ? only : ONLY_SELECT;
}

const ONLY_SELECT =
  'Only SELECT, EXPLAIN, DESCRIBE, EXISTS and SHOW TABLES, COLUMNS, DATABASES or CREATE can be asked here.';
const SETTINGS_REFUSED =
  'SETTINGS cannot be changed here: leave the clause out; time, rows and memory have fixed limits.';

interface Names {
  /** Names that a statement gives to functions of its own: `(x -> x + 1) AS f`. */
  readonly lambdas: ReadonlySet<string>;
  /** What a dotted column may begin with: aliases, and tables by their last name. */
  readonly tables: ReadonlySet<string>;
}

function namesOf(body: TreeNode): Names {
  const lambdas = new Set<string>();
  const tables = new Set<string>();
  for (const node of allNodes(body)) {
    if (node.kind === 'Function' && node.text === 'lambda' && node.alias !== undefined)
      lambdas.add(node.alias);
    if (node.kind === 'TableExpression')
      for (const child of node.children)
        tables.add(child.alias ?? child.text.split('.').at(-1) ?? '');
  }
  return { lambdas, tables };
}

function ownNamesOf(body: TreeNode): OwnNames {
  const names = new Set<string>();
  for (const { kind, text, alias } of allNodes(body)) {
    if (kind === 'Function' || kind === 'Identifier') names.add(text.toLowerCase());
    if (kind === 'Function' && alias !== undefined) names.add(alias.toLowerCase());
  }
  const own = [...names].filter((name) => !isAllowedFunction(name));
  return { names: own, stems: [...new Set(own.flatMap(stemsOf))] };
}

function whyNodeRefused(node: TreeNode, names: Names): string | undefined {
  if (node.kind === 'Set') return SETTINGS_REFUSED;
  if (node.kind === 'ColumnsApplyTransformer')
    return 'APPLY cannot be checked here: write the function around each column.';
  if (!PLAIN_NODES.has(node.kind))
    return `This part of SQL is not open here: ${node.kind.slice(0, 80)}.`;
  if (node.kind === 'TableIdentifier') return whyTableRefused(node.text);
  if (node.kind === 'Identifier') return whyIdentifierRefused(node.text);
  if (node.kind === 'TableExpression') return firstReason(node.children, whyTableFunctionRefused);
  if (node.kind === 'SelectWithUnionQuery' && node.children.length !== 1) return ONLY_SELECT;
  if (node.kind !== 'Function') return undefined;
  if (IN_FUNCTION.test(node.text)) return whySetRefused(node, names);
  if (isAllowedFunction(node.text) || names.lambdas.has(node.text)) return undefined;
  return GENERATORS.has(node.text) || node.text === 'values'
    ? undefined
    : `The function ${node.text.slice(0, 80)} is not open here.`;
}

function whyTableRefused(name: string): string | undefined {
  const parts = name.split('.');
  const isPlain = parts.every((part) => /^[\p{L}_][\p{L}\p{N}_]*$/u.test(part));
  if (isPlain && (parts.length === 1 || (parts.length === 2 && parts[0] === DATABASE)))
    return undefined;
  if (FACTS.has(name)) return undefined;
  return `The table ${name.slice(0, 80)} is not open here: ask the tables of ${DATABASE} (SHOW TABLES).`;
}

function whyIdentifierRefused(name: string): string | undefined {
  const [first = '', second = ''] = name.split('.');
  if (!name.includes('.') || !OTHER_DATABASES.has(first)) return undefined;
  return FACTS.has(`${first}.${second}`) ? undefined : whyTableRefused(`${first}.${second}`);
}

/** What stands in FROM and looks like a function makes a table; its own name may be a harmless function's. */
function whyTableFunctionRefused(node: TreeNode): string | undefined {
  if (node.kind !== 'Function') return undefined;
  if (node.text === 'values') return undefined;
  if (!GENERATORS.has(node.text))
    return `The table function ${node.text.slice(0, 80)} is not open here: ask the tables of ${DATABASE}.`;
  const args = node.children[0]?.children ?? [];
  const isSmall = (arg: TreeNode): boolean => {
    const value = /^U?Int64_(-?\d+)$/.exec(arg.text)?.[1];
    return (
      arg.kind === 'Literal' && value !== undefined && Math.abs(Number(value)) <= GENERATED_ROWS_MAX
    );
  };
  return args.length > 0 && args.every(isSmall)
    ? undefined
    : `${node.text} takes numbers up to ${GENERATED_ROWS_MAX} here, written as such.`;
}

/** `x IN t`: an identifier on the right may be a table. */
function whySetRefused(node: TreeNode, names: Names): string | undefined {
  const right = node.children[0]?.children[1];
  if (right?.kind !== 'Identifier' || !right.text.includes('.')) return undefined;
  const first = right.text.split('.')[0] ?? '';
  return names.tables.has(first) ? undefined : whyTableRefused(right.text);
}

function firstReason(
  nodes: readonly TreeNode[],
  why: (node: TreeNode) => string | undefined,
): string | undefined {
  for (const node of nodes) {
    const reason = why(node);
    if (reason !== undefined) return reason;
  }
  return undefined;
}
