/**
 * `has(a.b)` and the loops over a list: `exists`, `exists_one`, `all`, `filter`, `map`. Loops may
 * stand in one another twice at most, so that a long list cannot make one event cost millions of
 * steps.
 */
import type { ASTNode } from '@marcbachmann/cel-js';
import type { Compile, Surroundings } from './compiler.ts';
import { ExpressionError } from './expression-error.ts';
import { canBe, toValue, type Kind, type Node, type Value } from './node.ts';

const LOOPS_NESTED_MAX = 2;
/** Lists longer than this make a loop absent. */
const LOOP_LENGTH_MAX = 1_000;

type Body = (item: unknown) => Value;
type Loop = (list: readonly unknown[], body: Body) => Value;

const LOOPS: ReadonlyMap<string, { readonly kind: Kind; readonly loop: Loop }> = new Map([
  ['exists', { kind: 'boolean', loop: exists }],
  ['exists_one', { kind: 'boolean', loop: existsOne }],
  ['all', { kind: 'boolean', loop: all }],
  ['filter', { kind: 'list', loop: filter }],
  ['map', { kind: 'list', loop: map }],
]);

type Call = ASTNode & { readonly op: 'call' | 'rcall' };

export function isMacro(ast: Call): boolean {
  const [name] = ast.args;
  return ast.op === 'call' ? name === 'has' : LOOPS.has(name);
}

export function compileMacro(ast: Call, around: Surroundings, compile: Compile): Node {
  if (ast.op === 'call') return compileHas(ast.args[1], around, compile);
  const [name, receiver, args] = ast.args;
  const found = LOOPS.get(name);
  const [variable, body] = args;
  if (found === undefined || variable?.op !== 'id' || body === undefined || args.length !== 2) {
    throw new ExpressionError(`${name}() takes a new name and an expression: list.${name}(x, …).`);
  }
  return compileLoop(
    { ...found, list: compile(receiver, around), variable: variable.args, body },
    around,
    compile,
  );
}

function compileHas(args: readonly ASTNode[], around: Surroundings, compile: Compile): Node {
  const [target] = args;
  if (args.length !== 1 || (target?.op !== '.' && target?.op !== 'id')) {
    throw new ExpressionError('has() takes one name, such as has(event.cart).');
  }
  const { run } = compile(target, around);
  return { kind: 'boolean', run: (scope) => run(scope) !== undefined };
}

interface LoopParts {
  readonly kind: Kind;
  readonly loop: Loop;
  readonly list: Node;
  readonly variable: string;
  readonly body: ASTNode;
}

function compileLoop(parts: LoopParts, around: Surroundings, compile: Compile): Node {
  const { kind, loop, list, variable } = parts;
  if (!canBe(list.kind, 'list')) {
    throw new ExpressionError(`A loop goes over a list, not over a ${list.kind}.`);
  }
  if (around.variables.size >= LOOPS_NESTED_MAX) {
    throw new ExpressionError(`Loops may stand in one another ${LOOPS_NESTED_MAX} times at most.`);
  }
  if (around.names.has(variable) || around.variables.has(variable)) {
    throw new ExpressionError(`'${variable}' is taken: give the loop another name.`);
  }
  // Expressions do not call themselves and run to their end at once: one cell a loop is enough.
  const cell: { value: Value } = { value: undefined };
  const variables = new Map(around.variables);
  variables.set(variable, { kind: 'any', run: () => cell.value });
  const body = compile(parts.body, { ...around, variables });
  return {
    kind,
    run: (scope) => {
      const items = list.run(scope);
      if (!Array.isArray(items) || items.length > LOOP_LENGTH_MAX) return undefined;
      return loop(items, (item) => {
        cell.value = toValue(item);
        return body.run(scope);
      });
    },
  };
}

/** One true decides, whatever is absent beside it. */
function exists(list: readonly unknown[], body: Body): Value {
  let result: Value = false;
  for (const item of list) {
    const value = body(item);
    if (value === true) return true;
    if (value !== false) result = undefined;
  }
  return result;
}

function all(list: readonly unknown[], body: Body): Value {
  let result: Value = true;
  for (const item of list) {
    const value = body(item);
    if (value === false) return false;
    if (value !== true) result = undefined;
  }
  return result;
}

function existsOne(list: readonly unknown[], body: Body): Value {
  const kept = filter(list, body);
  return Array.isArray(kept) ? kept.length === 1 : undefined;
}

function filter(list: readonly unknown[], body: Body): Value {
  const kept: unknown[] = [];
  for (const item of list) {
    const value = body(item);
    if (typeof value !== 'boolean') return undefined;
    if (value) kept.push(item);
  }
  return kept;
}

function map(list: readonly unknown[], body: Body): Value {
  const values = list.map(body);
  return values.includes(undefined) ? undefined : values;
}
