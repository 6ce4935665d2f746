/**
 * Numbers as exports write them: `¥1,234.50`, `-$45.00`, `(12.00)`, `1.234,50 €`. Separators must
 * stand where thousands do, so that `1,50` never becomes 150. Money is exact: fen from decimal text.
 */
import { toFen } from '../../domain/money.ts';
import type { MoneyUnit } from './csv-map-definition.ts';

/** null: no number. */
export type NumberReader = (text: string) => number | null;

const PLAIN = /^-?\d{1,15}(?:\.\d{1,9})?$/;
const GROUPED = /^-?\d{1,3}(?:,\d{3}){1,4}(?:\.\d{1,9})?$/;
/** Numbers of so many digits are exact as doubles, and read faster. */
const EXACT_CHARS = 15;

export function createNumberReader(decimal: '.' | ','): NumberReader {
  const toPlain = plainReader(decimal);
  return (text) => {
    const plain = toPlain(text);
    return plain === null ? null : Number(plain);
  };
}

/** Fen of amounts in `unit`. */
export function createMoneyReader(unit: MoneyUnit, decimal: '.' | ','): NumberReader {
  const toPlain = plainReader(decimal);
  return (text) => {
    const plain = toPlain(text);
    if (plain === null) return null;
    if (unit === 'fen') return Number.isSafeInteger(Number(plain)) ? Number(plain) : null;
    const fen = toFen(plain.length <= EXACT_CHARS ? Number(plain) : plain);
    return typeof fen === 'number' ? fen : null;
  };
}

const CURRENCY = '(?:[¥$€£₩₹]|元|圆|RMB|CNY|HK\\$|US\\$|[A-Z]{3})?';

/** The number as `-1234.50`. */
function plainReader(decimal: '.' | ','): (text: string) => string | null {
  const [point, thousands] = decimal === '.' ? ['\\.', "[,' ]"] : [',', "[.' ]"];
  const digits = `(\\d{1,3}(?:${thousands}\\d{3})+|\\d{1,15})?(?:${point}(\\d{0,9}))?`;
  const written = new RegExp(
    `^(\\()?([+-]?)\\s*${CURRENCY}\\s*([+-]?)\\s*${digits}\\s*${CURRENCY}(-?)(\\))?$`,
    'u',
  );
  return (text) => {
    if (decimal === '.' && PLAIN.test(text)) return text;
    if (decimal === '.' && GROUPED.test(text)) return text.replaceAll(',', '');
    if (text.length > 64) return null;
    // Full-width signs and digits, and the spaces that do not break, are written as plain ones.
    const match = written.exec(text.normalize('NFKC').replaceAll('\u2212', '-').trim());
    if (match === null) return null;
    const [, open, before, inner, whole = '', fraction = '', after, close] = match;
    if (whole === '' && fraction === '') return null;
    const minuses = [open === '(' ? '-' : '', before, inner, after].filter((sign) => sign === '-');
    if (minuses.length > 1 || (open === undefined) !== (close === undefined)) return null;
    const digitsOnly = `${whole.replaceAll(/\D/g, '') || '0'}.${fraction || '0'}`;
    return minuses.length === 1 ? `-${digitsOnly}` : digitsOnly;
  };
}
