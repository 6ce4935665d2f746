/**
 * Codes that Weft makes itself: a prefix, 12 characters that nobody can guess without the key, and
 * one that shows a slip of the finger. The alphabet is Crockford's base 32: no I, L, O, U.
 */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const BODY_LENGTH = 12;
const CODE_LENGTH_MAX = 64;

/** At least 8 bytes, keyed with a secret of the installation. */
export type CodeHash = (text: string) => Uint8Array;

export interface CodeRequest {
  readonly action: string;
  readonly coupon: string;
  readonly prefix: string;
}

/** The same action and coupon always get the same code. 60 bits: two alike are not to be expected. */
export function madeCode({ action, coupon, prefix }: CodeRequest, hash: CodeHash): string {
  const bytes = hash(`coupon code ${coupon} ${action}`);
  let body = '';
  let bits = 0;
  let held = 0;
  for (const byte of bytes) {
    held = (held << 8) | byte;
    bits += 8;
    while (bits >= 5 && body.length < BODY_LENGTH) {
      bits -= 5;
      body += ALPHABET[(held >>> bits) & 31];
    }
    held &= 31;
  }
  if (body.length < BODY_LENGTH) throw new TypeError('a coupon code needs 8 bytes of hash');
  return prefix + body + checkCharacter(body);
}

/** What somebody typed, as the code was made: capitals, no blanks or dashes, O is 0, I and L are 1. */
export function normaliseCode(typed: string, prefix = ''): string {
  const plain = typed.slice(0, CODE_LENGTH_MAX).toUpperCase().replaceAll(/[\s-]/g, '');
  if (!plain.startsWith(prefix)) return plain;
  return prefix + plain.slice(prefix.length).replaceAll('O', '0').replaceAll(/[IL]/g, '1');
}

/** Could Weft have made this (normalised) code? Says nothing of codes from a pool. */
export function isWellFormedCode(code: string, prefix = ''): boolean {
  if (code.length !== prefix.length + BODY_LENGTH + 1 || !code.startsWith(prefix)) return false;
  const body = code.slice(prefix.length, -1);
  return [...body].every((one) => ALPHABET.includes(one)) && code.endsWith(checkCharacter(body));
}

/** Luhn's sum in base 32: every changed character shows, and all but one swap of neighbours. */
function checkCharacter(body: string): string {
  let sum = 0;
  let isDoubled = true;
  for (const one of [...body].toReversed()) {
    const digit = ALPHABET.indexOf(one) * (isDoubled ? 2 : 1);
    sum += Math.floor(digit / 32) + (digit % 32);
    isDoubled = !isDoubled;
  }
  return ALPHABET[(32 - (sum % 32)) % 32] ?? '0';
}
