/**
 * Mail addresses (identity.md 2.2, step 5): compatibility forms folded, lower case as a whole, the
 * domain in its ASCII form. No provider's habits: dots and plus signs are part of an address.
 */
import { toAsciiLabel } from './punycode.ts';

export type EmailFault = 'masked' | 'malformed';

export function normaliseEmail(
  text: string,
): { readonly value: string } | { readonly fault: EmailFault } {
  // Lower case may open what normalisation must close again.
  const folded = text.normalize('NFKC').toLowerCase().normalize('NFKC');
  if (folded.includes('*')) return { fault: 'masked' };
  const at = folded.indexOf('@');
  if (at < 1 || folded.includes('@', at + 1) || hasBlankOrQuote(folded)) {
    return { fault: 'malformed' };
  }
  const labels = folded.slice(at + 1).split(/[.\u3002]/);
  if (labels.length < 2 || labels.includes('')) return { fault: 'malformed' };
  return { value: `${folded.slice(0, at)}@${labels.map(toAsciiLabel).join('.')}` };
}

/** An apostrophe inside is a name, such as O'Brien; at an end it is a quote. */
const hasBlankOrQuote = (text: string): boolean =>
  /[\s"]/.test(text) || text.startsWith("'") || text.endsWith("'");
