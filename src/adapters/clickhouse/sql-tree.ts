/**
 * The engine's own reading of a statement (`EXPLAIN AST`), from text to a tree. Names in it may hold line
 * breaks and look like lines of the tree, so the count of children in every line must fit exactly: then
 * nothing can be put over, or moved away from, a line that the engine wrote.
 */
export interface TreeNode {
  /** `Function`, `TableIdentifier`, `Explain EXPLAIN AST` … */
  readonly kind: string;
  /** What follows the kind: a function's or table's name, a literal; '' where there is nothing. */
  readonly text: string;
  readonly alias: string | undefined;
  readonly children: readonly TreeNode[];
}

interface Line {
  readonly depth: number;
  readonly text: string;
  readonly children: number;
}

const CHILDREN = / \(children (\d+)\)$/;
const ALIAS = / \(alias (.*)\)$/;
const NAMED = /^(Function|TableIdentifier|Identifier|Literal|SampleRatio|InterpolateElement) (.*)$/;
const DEPTH_MAX = 1_000;

/** undefined: the text is not one whole, consistent tree. */
export function parseTree(text: string): TreeNode | undefined {
  const lines = text.split('\n').map(readLine);
  const stack: { readonly line: Line; readonly children: TreeNode[] }[] = [];
  let root: TreeNode | undefined;
  const close = (): boolean => {
    const top = stack.pop();
    if (!top || top.children.length !== top.line.children) return false;
    const node = toNode(top.line, top.children);
    const parent = stack.at(-1);
    if (parent) parent.children.push(node);
    else root = node;
    return true;
  };
  for (const line of lines) {
    if (root !== undefined || line.depth > stack.length || line.depth > DEPTH_MAX) return undefined;
    while (stack.length > line.depth) if (!close()) return undefined;
    if (root !== undefined) return undefined;
    stack.push({ line, children: [] });
  }
  while (stack.length > 0) if (!close()) return undefined;
  return root;
}

function readLine(text: string): Line {
  const depth = text.length - text.trimStart().length;
  const children = CHILDREN.exec(text);
  return {
    depth,
    text: text.slice(depth, children ? children.index : undefined),
    children: children ? Number(children[1]) : 0,
  };
}

function toNode(line: Line, children: readonly TreeNode[]): TreeNode {
  const alias = ALIAS.exec(line.text);
  const text = alias ? line.text.slice(0, alias.index) : line.text;
  const named = NAMED.exec(text);
  return {
    kind: named?.[1] ?? text.trim(),
    text: named?.[2] ?? '',
    alias: alias?.[1],
    children,
  };
}

export function* allNodes(node: TreeNode): Generator<TreeNode> {
  yield node;
  for (const child of node.children) yield* allNodes(child);
}
