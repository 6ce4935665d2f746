/**
 * An answer of the engine in its format JSON, read so that no digit is lost: whole numbers beyond
 * 2^53, which a number of JavaScript cannot hold, are text.
 */
import type { Answer } from '../../ports/analytics-store.ts';

interface JsonResult {
  readonly meta?: readonly { readonly name: string; readonly type: string }[];
  readonly data: readonly Readonly<Record<string, unknown>>[];
  readonly rows?: number;
}

/** A pair with a backslash, a quote, a number: enough to know what is inside a string. */
const TOKEN = /\\.|"|-?\d[\d.eE+-]{0,400}/g;
const LONG_DIGITS = /\d{16}/;
const WHOLE = /^-?\d{16,}$/;

export function readAnswer(text: string): Answer {
  const { meta = [], data, rows } = JSON.parse(text) as JsonResult;
  const columns = meta.map(({ name, type }) => ({ name, type }));
  return { meta: columns, data: withEveryDigit(text, data, columns), rows: rows ?? data.length };
}

function withEveryDigit(
  text: string,
  data: JsonResult['data'],
  meta: Answer['meta'],
): JsonResult['data'] {
  if (!LONG_DIGITS.test(text)) return data;
  // A floating point number has no more digits than JavaScript has.
  const exactColumns = meta.filter(({ type }) => !/^(Nullable\()?B?Float/.test(type));
  let isInString = false;
  const quoted = text.replace(TOKEN, (token) => {
    if (token === '"') isInString = !isInString;
    if (isInString || !WHOLE.test(token)) return token;
    return Number.isSafeInteger(Number(token)) ? token : `"${token}"`;
  });
  const exact = (JSON.parse(quoted) as JsonResult).data;
  return data.map((row, i) => ({
    ...row,
    ...Object.fromEntries(exactColumns.map(({ name }) => [name, exact[i]?.[name]])),
  }));
}
