/**
 * The order of texts by their UTF-8 bytes, which is that of their code points: the one order that
 * does not depend on who compares. JavaScript's `<` differs where a surrogate meets U+E000–FFFF.
 */
import { unitAt } from './unit-at.ts';
export function compareBytewise(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const left = unitAt(a, i);
    const right = unitAt(b, i);
    if (left !== right) return rank(left) - rank(right);
  }
  return a.length - b.length;
}

/** Surrogates stand for code points beyond U+FFFF. */
const rank = (unit: number): number =>
  unit < 0xd800 ? unit : unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
