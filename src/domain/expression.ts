/**
 * What a marketer writes after `when:`, `if:` and `where:`: one CEL expression, compiled once, over
 * names that are known when it is loaded. Evaluating never throws: what is absent, or of the wrong
 * type, makes the expression absent (`undefined`), except where `&&`, `||` or `has()` decide without
 * it. Money is fen in the scope and currency units in the expression.
 */
import { Environment, type ASTNode } from '@marcbachmann/cel-js';
import type { TagValue } from './message.ts';
import { compileNode } from './expression/compiler.ts';
import { ExpressionError } from './expression/expression-error.ts';
import type { Value } from './expression/node.ts';
import { findThresholds } from './expression/thresholds.ts';

export type NameType = 'number' | 'money' | 'string' | 'boolean' | 'list' | 'object';

/** The values by name: an object without prototype. Money in fen; a name may be missing. */
export type Scope = Readonly<Record<string, unknown>>;

export interface ExpressionOptions {
  /**
   * Every name the expression may use. A dotted name (`event.order.total`) says what there is below
   * an object; if an object has any, no other path below it is accepted. Paths below an entry of
   * type `object` without dotted names are free.
   */
  readonly names: ReadonlyMap<string, NameType>;
}

export interface Expression {
  readonly text: string;
  /** What it yields, as far as it can be told without values. */
  readonly yields: 'number' | 'string' | 'boolean' | 'list' | 'any';
  /** The names it reads, without what follows a dot. */
  readonly names: ReadonlySet<string>;
  evaluate(scope: Scope): TagValue | undefined;
  /**
   * The integers at which a comparison with `name` can change its truth as `name` counts up by
   * one: 61 for `name > 60`, 60 for `name >= 60`, 60 and 61 for `name == 60`. Ascending. 'any' if
   * it is used in any other way.
   */
  comparedWith(name: string): readonly number[] | 'any';
}

export type CompiledExpression =
  | { readonly ok: true; readonly expression: Expression }
  | { readonly ok: false; readonly message: string; readonly suggestion?: string };

const TEXT_LENGTH_MAX = 4_000;
const FEN_PER_UNIT = 100;

/** cel-js reads the text; what it costs to read is bounded here, what it costs to run by nesting. */
const parser = new Environment({
  unlistedVariablesAreDyn: true,
  homogeneousAggregateLiterals: false,
  limits: { maxAstNodes: 1_000, maxDepth: 40, maxListElements: 200, maxCallArguments: 8 },
});

export function compileExpression(text: string, options: ExpressionOptions): CompiledExpression {
  if (text.length > TEXT_LENGTH_MAX) {
    return { ok: false, message: `The expression is longer than ${TEXT_LENGTH_MAX} characters.` };
  }
  try {
    const root = parser.parse(text).ast;
    const compiled = compileNode(root, options.names);
    return { ok: true, expression: toExpression(text, root, compiled) };
  } catch (error) {
    if (error instanceof ExpressionError) return refusal(error.message, error.suggestion);
    return refusal(`The expression cannot be read: ${summaryOf(error)}.`);
  }
}

/** Fen as currency units, as expressions and the HTTP edge show money. */
export const toUnits = (fen: number): number => fen / FEN_PER_UNIT;

function toExpression(
  text: string,
  root: ASTNode,
  { yields, names, run }: ReturnType<typeof compileNode>,
): Expression {
  return {
    text,
    yields,
    names,
    evaluate: (scope) => toTagValue(run(scope)),
    comparedWith: (name) => findThresholds(root, name),
  };
}

function toTagValue(value: Value): TagValue | undefined {
  if (typeof value !== 'object') return value;
  if (!Array.isArray(value)) return undefined;
  const list: readonly unknown[] = value;
  return list.every((item): item is string => typeof item === 'string') ? list : undefined;
}

const refusal = (message: string, suggestion?: string): CompiledExpression =>
  suggestion === undefined ? { ok: false, message } : { ok: false, message, suggestion };

/** cel-js puts a drawing of the place into `message` and the sentence alone into `summary`. */
function summaryOf(error: unknown): string {
  if (typeof error === 'object' && error !== null && 'summary' in error) {
    return String(error.summary);
  }
  return error instanceof Error ? error.message : String(error);
}
