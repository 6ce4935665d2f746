/** The operators of CEL over plain numbers, strings, booleans and lists; absent in, absent out. */
import { ExpressionError } from './expression-error.ts';
import { canBe, fieldOf, toValue, type Kind, type Node, type Run, type Value } from './node.ts';

type Arithmetic = (left: number, right: number) => number;

const ARITHMETIC: Readonly<Record<string, Arithmetic>> = {
  '+': (left, right) => left + right,
  '-': (left, right) => left - right,
  '*': (left, right) => left * right,
  '/': (left, right) => left / right,
  '%': (left, right) => left % right,
};

const ORDER: Readonly<Record<string, (left: number | string, right: number | string) => boolean>> =
  {
    '<': (left, right) => left < right,
    '<=': (left, right) => left <= right,
    '>': (left, right) => left > right,
    '>=': (left, right) => left >= right,
  };

export function binary(operator: string, left: Node, right: Node): Node {
  const order = ORDER[operator];
  if (order !== undefined) return ordering(operator, left, right, order);
  const arithmetic = ARITHMETIC[operator];
  if (arithmetic !== undefined) return calculation(operator, left, right, arithmetic);
  if (operator === 'in') return membership(left, right);
  return equality(operator, left, right);
}

/** `false && absent` is false, `true && absent` is absent; `||` likewise. */
export function logical(operator: '&&' | '||', left: Node, right: Node): Node {
  requireKind(operator, left.kind, 'boolean');
  requireKind(operator, right.kind, 'boolean');
  const decides = operator === '||';
  const [first, second] = [left.run, right.run];
  const run: Run = (scope) => {
    const one = first(scope);
    if (one === decides) return decides;
    const two = second(scope);
    if (two === decides) return decides;
    return one === !decides && two === !decides ? !decides : undefined;
  };
  return { kind: 'boolean', run };
}

export function not(operand: Node): Node {
  requireKind('!', operand.kind, 'boolean');
  const run: Run = (scope) => {
    const value = operand.run(scope);
    return typeof value === 'boolean' ? !value : undefined;
  };
  return { kind: 'boolean', run };
}

export function negative(operand: Node): Node {
  requireKind('-', operand.kind, 'number');
  const run: Run = (scope) => {
    const value = operand.run(scope);
    return typeof value === 'number' ? -value : undefined;
  };
  return { kind: 'number', run };
}

export function choice(condition: Node, yes: Node, no: Node): Node {
  requireKind('? :', condition.kind, 'boolean');
  const run: Run = (scope) => {
    const value = condition.run(scope);
    if (typeof value !== 'boolean') return undefined;
    return value ? yes.run(scope) : no.run(scope);
  };
  return { kind: yes.kind === no.kind ? yes.kind : 'any', run };
}

/** `list[0]`, `object['name']`. */
export function element(holder: Node, key: Node): Node {
  const run: Run = (scope) => {
    const from = holder.run(scope);
    const at = key.run(scope);
    if (typeof at === 'number' && Array.isArray(from)) {
      return Number.isInteger(at) ? toValue(from[at]) : undefined;
    }
    return typeof at === 'string' ? fieldOf(from, at) : undefined;
  };
  return { kind: 'any', run };
}

function ordering(
  operator: string,
  left: Node,
  right: Node,
  compare: (left: number | string, right: number | string) => boolean,
): Node {
  const kind = sharedKind(operator, left, right, ['number', 'string']);
  const [first, second] = [left.run, right.run];
  const run: Run = (scope) => {
    const one = first(scope);
    const two = second(scope);
    if (typeof one === 'number') return typeof two === 'number' ? compare(one, two) : undefined;
    if (typeof one !== 'string' || typeof two !== 'string') return undefined;
    return compare(one, two);
  };
  const asNumbers: Run = (scope) => {
    const one = first(scope);
    const two = second(scope);
    if (one === undefined || two === undefined) return undefined;
    return compare(one as number, two as number);
  };
  return { kind: 'boolean', run: kind === 'number' && isExact(left, right) ? asNumbers : run };
}

/** Both are number literals or the like: no look at their types is needed. */
const isExact = (left: Node, right: Node): boolean =>
  left.kind === 'number' && right.kind === 'number';

function calculation(operator: string, left: Node, right: Node, calculate: Arithmetic): Node {
  const allowed: readonly Kind[] = operator === '+' ? ['number', 'string'] : ['number'];
  const kind = sharedKind(operator, left, right, allowed);
  const run: Run = (scope) => {
    const one = left.run(scope);
    const two = right.run(scope);
    if (typeof one === 'number' && typeof two === 'number') return toValue(calculate(one, two));
    if (operator !== '+' || typeof one !== 'string' || typeof two !== 'string') return undefined;
    return one + two;
  };
  return { kind, run };
}

function equality(operator: string, left: Node, right: Node): Node {
  const known = left.kind !== 'any' && right.kind !== 'any';
  if (known && left.kind !== right.kind && left.kind !== 'null' && right.kind !== 'null') {
    throw new ExpressionError(mismatch(operator, left.kind, right.kind));
  }
  const wanted = operator === '==';
  const [first, second] = [left.run, right.run];
  const run: Run = (scope) => {
    const one = first(scope);
    const two = second(scope);
    if (one === undefined || two === undefined) return undefined;
    return isEqual(one, two) === wanted;
  };
  return { kind: 'boolean', run };
}

function isEqual(one: unknown, two: unknown): boolean {
  if (one === two) return true;
  if (!Array.isArray(one) || !Array.isArray(two) || one.length !== two.length) return false;
  return one.every((item: unknown, index) => item === two[index]);
}

function membership(item: Node, holder: Node): Node {
  if (!canBe(holder.kind, 'list') && holder.kind !== 'object') {
    throw new ExpressionError(
      `'in' looks into a list, not into a ${holder.kind}; for text use text.contains('…').`,
    );
  }
  const run: Run = (scope) => {
    const one = item.run(scope);
    const among = holder.run(scope);
    if (one === undefined || typeof among !== 'object' || among === null) return undefined;
    if (Array.isArray(among)) return among.includes(one);
    return typeof one === 'string' ? fieldOf(among, one) !== undefined : undefined;
  };
  return { kind: 'boolean', run };
}

function sharedKind(operator: string, left: Node, right: Node, allowed: readonly Kind[]): Kind {
  for (const { kind } of [left, right]) {
    if (kind !== 'any' && !allowed.includes(kind)) {
      throw new ExpressionError(`'${operator}' takes ${allowed.join(' or ')}, not ${kind}.`);
    }
  }
  if (left.kind === 'any') return right.kind;
  if (right.kind === 'any' || right.kind === left.kind) return left.kind;
  throw new ExpressionError(mismatch(operator, left.kind, right.kind));
}

const mismatch = (operator: string, left: Kind, right: Kind): string =>
  `'${operator}' cannot stand between a ${left} and a ${right}.`;

function requireKind(operator: string, kind: Kind, wanted: Kind): void {
  if (canBe(kind, wanted)) return;
  throw new ExpressionError(`'${operator}' takes a ${wanted}, not a ${kind}.`);
}

export const constant = (kind: Kind, value: Value): Node => ({ kind, run: () => value });
