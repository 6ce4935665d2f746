/**
 * Money at the edge: decimals of a currency unit become integer fen (1/100 of the unit, whatever
 * the currency). What counts is the number's shortest decimal form, as people write it, never its
 * binary value: 19.99 is 1999 and 1.005 is 101, half away from zero.
 */
/** Nothing a retailer sells costs more; it also keeps every sum of fen an exact integer. */
const UNITS_MAX = 1e12;

export type MoneyFault = 'not_decimal' | 'too_large';

const DECIMAL = /^([+-]?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,3}))?$/;

/** Fen of an amount in units, a number or a decimal in text; or why it is none. */
export function toFen(amount: unknown): number | MoneyFault {
  if (typeof amount === 'number') {
    // Decimals of at most 15 digits and doubles correspond one to one: where dividing leads back to
    // the amount, the cents are its decimal form.
    const fen = Math.round(amount * 100);
    if (fen / 100 === amount && Math.abs(amount) <= UNITS_MAX) return fen === 0 ? 0 : fen;
    return fenOf(String(amount));
  }
  return typeof amount === 'string' && amount.length <= 64 ? fenOf(amount.trim()) : 'not_decimal';
}

/** A decimal number in text, as quantities and amounts may be sent; undefined for anything else. */
export function toDecimal(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  if (typeof value !== 'string' || value.length > 64 || !DECIMAL.test(value.trim()))
    return undefined;
  const number = Number(value);
  return Number.isFinite(number) ? number : undefined;
}

function fenOf(text: string): number | MoneyFault {
  const parts = DECIMAL.exec(text);
  if (parts === null) return text.endsWith('Infinity') ? 'too_large' : 'not_decimal';
  if (Math.abs(Number(text)) > UNITS_MAX) return 'too_large';
  const [, sign, whole = '', fraction = '', exponent = '0'] = parts;
  const digits = whole + fraction;
  // Where the point stands in `digits` once the amount is in fen; may be outside on either side.
  const point = whole.length + Number(exponent) + 2;
  if (point < 0) return 0;
  const fen =
    Number(digits.slice(0, point).padEnd(point, '0')) + (digits.charAt(point) >= '5' ? 1 : 0);
  return sign === '-' && fen !== 0 ? -fen : fen;
}
