/**
 * From cel-js's syntax tree to closures. cel-js reads the text; its own evaluator is not used, since
 * it throws where a value is absent, which is the common case here and costs it 20 µs and more, and
 * knows no sum of a whole number literal and a number.
 */
import type { ASTNode } from '@marcbachmann/cel-js';
import type { NameType } from '../expression.ts';
import { nearestName } from '../nearest-name.ts';
import { ExpressionError } from './expression-error.ts';
import { callFunction, callMethod } from './functions.ts';
import { compileMacro, isMacro } from './macros.ts';
import { fieldOf, toValue, type Kind, type Node, type Run } from './node.ts';
import { binary, choice, constant, element, logical, negative, not } from './operators.ts';

const KIND_OF_NAME: Readonly<Record<NameType, Kind>> = {
  number: 'number',
  money: 'number',
  string: 'string',
  boolean: 'boolean',
  list: 'list',
  object: 'object',
};

/** What is known while compiling: names of the scope, and variables of the macros around. */
export interface Surroundings {
  readonly names: ReadonlyMap<string, NameType>;
  readonly used: Set<string>;
  readonly variables: ReadonlyMap<string, Node>;
}

export type Compile = (ast: ASTNode, around: Surroundings) => Node;

export function compileNode(root: ASTNode, names: ReadonlyMap<string, NameType>) {
  const used = new Set<string>();
  const { kind, run } = compile(root, { names, used, variables: new Map() });
  if (kind === 'object' || kind === 'null') {
    throw new ExpressionError('The expression yields no value: name a field of the object.');
  }
  return { yields: kind, names: used as ReadonlySet<string>, run };
}

function compile(ast: ASTNode, around: Surroundings): Node {
  const of = (child: ASTNode): Node => compile(child, around);
  switch (ast.op) {
    case 'value':
      return literal(ast.args);
    case 'id':
      return root(ast.args, around);
    case '.':
      return field(ast, around);
    case '[]':
      return element(of(ast.args[0]), of(ast.args[1]));
    case 'call':
      if (isMacro(ast)) return compileMacro(ast, around, compile);
      return callFunction(ast.args[0], ast.args[1].map(of));
    case 'rcall':
      if (isMacro(ast)) return compileMacro(ast, around, compile);
      return callMethod(ast.args[0], of(ast.args[1]), ast.args[2].map(of));
    case 'list':
      return listOf(ast.args.map(of));
    case '?:':
      return choice(of(ast.args[0]), of(ast.args[1]), of(ast.args[2]));
    case '&&':
    case '||':
      return logical(ast.op, of(ast.args[0]), of(ast.args[1]));
    case '!_':
      return not(of(ast.args));
    case '-_':
      return negative(of(ast.args));
    case 'map':
    case '.?':
    case '[?]':
      throw new ExpressionError('Maps in braces and optional access are not offered.');
    case '==':
    case '!=':
    case '<':
    case '<=':
    case '>':
    case '>=':
    case '+':
    case '-':
    case '*':
    case '/':
    case '%':
    case 'in':
      return binary(ast.op, of(ast.args[0]), of(ast.args[1]));
    default:
      throw new ExpressionError(`'${String(ast)}' is not offered.`);
  }
}

function literal(value: unknown): Node {
  if (typeof value === 'bigint' || typeof value === 'number') return number(Number(value));
  if (typeof value === 'string') return constant('string', value);
  if (typeof value === 'boolean') return constant('boolean', value);
  if (value === null) return constant('null', null);
  throw new ExpressionError('Bytes and unsigned numbers are not offered.');
}

function number(value: number): Node {
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) {
    throw new ExpressionError(`The number ${value} is too large to be exact.`);
  }
  return constant('number', value);
}

function root(name: string, { names, used, variables }: Surroundings): Node {
  const variable = variables.get(name);
  if (variable !== undefined) return variable;
  const type = names.get(name);
  if (type === undefined) {
    const known = [...names.keys()].filter((one) => !one.includes('.'));
    throw new ExpressionError(`There is no name '${name}'.`, nearestName(name, known));
  }
  used.add(name);
  return typed(type, (scope) => toValue(scope[name]));
}

/** A value of another type than declared is absent. */
function typed(type: NameType, run: Run): Node {
  const kind = KIND_OF_NAME[type];
  switch (type) {
    case 'money':
      return { kind, run: moneyRun(run) };
    case 'list':
      return { kind, run: listRun(run) };
    case 'object':
      return { kind, run };
    case 'number':
    case 'string':
    case 'boolean':
      return { kind, run: scalarRun(type, run) };
  }
}

const moneyRun =
  (run: Run): Run =>
  (scope) => {
    const fen = run(scope);
    return typeof fen === 'number' ? fen / 100 : undefined;
  };

const listRun =
  (run: Run): Run =>
  (scope) => {
    const list = run(scope);
    return Array.isArray(list) ? list : undefined;
  };

const scalarRun =
  (type: 'number' | 'string' | 'boolean', run: Run): Run =>
  (scope) => {
    const value = run(scope);
    return typeof value === type ? value : undefined;
  };

/** `event.order.total`: checked against the dotted names, if the root has any. */
function field(ast: ASTNode & { readonly op: '.' }, around: Surroundings): Node {
  const [holder, name] = ast.args;
  const { run } = compile(holder, around);
  const type = declaredType(pathOf(ast), around);
  const read: Run = (scope) => fieldOf(run(scope), name);
  return type === undefined ? { kind: 'any', run: read } : typed(type, read);
}

/** The names from the root to here; undefined if it does not begin with a name of the scope. */
function pathOf(ast: ASTNode): string | undefined {
  if (ast.op === 'id') return ast.args;
  if (ast.op !== '.') return undefined;
  const holder = pathOf(ast.args[0]);
  return holder === undefined ? undefined : `${holder}.${ast.args[1]}`;
}

function declaredType(path: string | undefined, around: Surroundings): NameType | undefined {
  if (path === undefined) return undefined;
  const parts = path.split('.');
  const [rootName = ''] = parts;
  if (around.variables.has(rootName)) return undefined;
  const known = [...around.names.keys()].filter((one) => one.startsWith(`${rootName}.`));
  if (known.length === 0 || around.names.has(path)) return around.names.get(path);
  if (known.some((one) => one.startsWith(`${path}.`))) return 'object';
  const free = parts.some((_, index) => {
    const above = parts.slice(0, index).join('.');
    const isDeclared = above.includes('.') && around.names.get(above) === 'object';
    return isDeclared && !known.some((one) => one.startsWith(`${above}.`));
  });
  if (free) return undefined;
  throw new ExpressionError(`There is no '${path}'.`, nearestName(path, known));
}

function listOf(items: readonly Node[]): Node {
  const run: Run = (scope) => {
    const values = items.map((item) => item.run(scope));
    return values.includes(undefined) ? undefined : values;
  };
  return { kind: 'list', run };
}
