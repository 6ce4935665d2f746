/**
 * A text's UTF-16 unit, for loops over texts of any origin. V8 has dozens of kinds of strings (flat,
 * joined, cut, of one byte a letter or two, …); asked of more than four of them, `text.charCodeAt(i)`
 * is looked up anew for every letter: 25 ns, five times what this takes. `text.length` is looked up in
 * the same way: read it once.
 */
export const unitAt = (text: string, index: number): number => charCodeAt.call(text, index);

const { charCodeAt } = String.prototype as {
  readonly charCodeAt: (this: string, index: number) => number;
};
