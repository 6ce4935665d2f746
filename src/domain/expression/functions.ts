/**
 * The functions of an expression. None runs longer than its input is long: `matches` is refused,
 * as a pattern written by hand can keep one thread busy for minutes.
 */
import { nearestName } from '../nearest-name.ts';
import { ExpressionError } from './expression-error.ts';
import {
  canBe,
  fieldOf,
  LazyFields,
  toValue,
  type Kind,
  type Node,
  type Run,
  type Value,
} from './node.ts';

interface Method {
  readonly receiver: Kind;
  readonly args: readonly Kind[];
  readonly kind: Kind;
  readonly call: (receiver: string, argument: string) => Value;
}

const text = (args: readonly Kind[], kind: Kind, call: Method['call']): Method => ({
  receiver: 'string',
  args,
  kind,
  call,
});

const METHODS: ReadonlyMap<string, Method> = new Map([
  ['contains', text(['string'], 'boolean', (value, part) => value.includes(part))],
  ['startsWith', text(['string'], 'boolean', (value, part) => value.startsWith(part))],
  ['endsWith', text(['string'], 'boolean', (value, part) => value.endsWith(part))],
  ['lowerAscii', text([], 'string', (value) => value.toLowerCase())],
  ['upperAscii', text([], 'string', (value) => value.toUpperCase())],
  ['trim', text([], 'string', (value) => value.trim())],
]);

/** `size(x)`, `string(x)`, `double(x)`, `int(x)`. */
const FUNCTIONS: ReadonlyMap<string, { readonly kind: Kind; readonly call: (v: Value) => Value }> =
  new Map([
    ['size', { kind: 'number', call: sizeOf }],
    ['string', { kind: 'string', call: textOf }],
    ['double', { kind: 'number', call: numberOf }],
    ['int', { kind: 'number', call: (value) => toWhole(numberOf(value)) }],
  ]);

const MACROS = ['has', 'exists', 'exists_one', 'all', 'filter', 'map'];

export function callFunction(name: string, args: readonly Node[]): Node {
  const found = FUNCTIONS.get(name);
  const [argument] = args;
  if (found === undefined) throw unknownFunction(name);
  if (argument === undefined || args.length !== 1) {
    throw new ExpressionError(`${name}() takes one argument, not ${args.length}.`);
  }
  const { call, kind } = found;
  return { kind, run: (scope) => call(argument.run(scope)) };
}

export function callMethod(name: string, receiver: Node, args: readonly Node[]): Node {
  if (name === 'size' && args.length === 0) return callFunction(name, [receiver]);
  if (name === 'matches') {
    throw new ExpressionError(
      'Patterns (matches) are not offered: a slow one would hold up every shopper.',
      'contains, startsWith, endsWith',
    );
  }
  const method = METHODS.get(name);
  if (method === undefined) throw unknownFunction(name);
  if (!canBe(receiver.kind, method.receiver)) {
    throw new ExpressionError(`${name}() is for text, not for a ${receiver.kind}.`);
  }
  if (args.length !== method.args.length) {
    throw new ExpressionError(
      `${name}() takes ${method.args.length} arguments, not ${args.length}.`,
    );
  }
  return { kind: method.kind, run: methodRun(name, method, receiver, args[0]) };
}

function methodRun(name: string, method: Method, receiver: Node, argument: Node | undefined): Run {
  const { call } = method;
  if (argument === undefined) {
    return (scope) => {
      const value = receiver.run(scope);
      return typeof value === 'string' ? call(value, '') : undefined;
    };
  }
  if (!canBe(argument.kind, 'string')) {
    throw new ExpressionError(`${name}() takes text, not a ${argument.kind}.`);
  }
  return (scope) => {
    const value = receiver.run(scope);
    const given = argument.run(scope);
    return typeof value === 'string' && typeof given === 'string' ? call(value, given) : undefined;
  };
}

function unknownFunction(name: string): ExpressionError {
  const known = [...FUNCTIONS.keys(), ...METHODS.keys(), ...MACROS];
  return new ExpressionError(`There is no function '${name}'.`, nearestName(name, known));
}

/** Text is counted in code points, as CEL has it. */
function sizeOf(value: Value): Value {
  if (typeof value === 'string') return Array.from(value).length;
  if (Array.isArray(value)) return value.length;
  if (typeof value !== 'object' || value === null) return undefined;
  const names = value instanceof LazyFields ? value.names : Object.keys(value);
  return names.filter((name) => fieldOf(value, name) !== undefined).length;
}

function textOf(value: Value): Value {
  return typeof value === 'object' || value === undefined ? undefined : String(value);
}

const NUMBER = /^[+-]?\d{1,17}(\.\d{1,17})?$/;

function numberOf(value: Value): Value {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && NUMBER.test(value) ? toValue(Number(value)) : undefined;
}

function toWhole(value: Value): Value {
  return typeof value === 'number' ? Math.trunc(value) : undefined;
}
