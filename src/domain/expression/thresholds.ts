/**
 * At which integers an expression can change its truth while one of its names counts up. It serves
 * tags such as `days_since_order > 60`, which must change by themselves when the day comes.
 */
import type { ASTNode } from '@marcbachmann/cel-js';

const MIRRORED: Readonly<Record<string, string>> = {
  '<': '>',
  '<=': '>=',
  '>': '<',
  '>=': '<=',
  '==': '==',
  '!=': '!=',
};

/** Ascending; 'any' when the name is used in another way than in a comparison with a number. */
export function findThresholds(root: ASTNode, name: string): readonly number[] | 'any' {
  const found = new Set<number>();
  if (!collect(root, name, found)) return 'any';
  return [...found].toSorted((a, b) => a - b);
}

/** False when the name is met outside of a comparison. */
function collect(node: ASTNode, name: string, found: Set<number>): boolean {
  if (node.op === 'id') return node.args !== name;
  // That a name is there at all does not change by counting.
  if (node.op === 'call' && node.args[0] === 'has' && node.args[1][0]?.op === 'id') return true;
  const comparison = readComparison(node, name);
  if (comparison !== undefined) {
    for (const threshold of thresholdsOf(comparison.operator, comparison.constant)) {
      found.add(threshold);
    }
    return true;
  }
  return childrenOf(node).every((child) => collect(child, name, found));
}

function readComparison(node: ASTNode, name: string) {
  const mirrored = MIRRORED[node.op];
  if (mirrored === undefined) return undefined;
  const [left, right] = node.args as readonly ASTNode[];
  if (left === undefined || right === undefined) return undefined;
  if (left.op === 'id' && left.args === name) {
    const constant = numberOf(right);
    return constant === undefined ? undefined : { operator: node.op as string, constant };
  }
  if (right.op === 'id' && right.args === name) {
    const constant = numberOf(left);
    return constant === undefined ? undefined : { operator: mirrored, constant };
  }
  return undefined;
}

function thresholdsOf(operator: string, constant: number): readonly number[] {
  switch (operator) {
    case '>':
    case '<=':
      return [Math.floor(constant) + 1];
    case '>=':
    case '<':
      return [Math.ceil(constant)];
    default:
      return Number.isInteger(constant) ? [constant, constant + 1] : [];
  }
}

function numberOf(node: ASTNode): number | undefined {
  if (node.op === '-_') {
    const positive = numberOf(node.args);
    return positive === undefined ? undefined : -positive;
  }
  if (node.op !== 'value') return undefined;
  const value = node.args;
  return typeof value === 'bigint' || typeof value === 'number' ? Number(value) : undefined;
}

/** Every node below, whatever the shape of `args`. */
function childrenOf(node: ASTNode): readonly ASTNode[] {
  const args: unknown = node.args;
  return [args].flat(3).filter(isNode);
}

const isNode = (value: unknown): value is ASTNode =>
  typeof value === 'object' && value !== null && 'op' in value && 'args' in value;
