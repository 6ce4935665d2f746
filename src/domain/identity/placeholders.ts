/**
 * Values that point at nobody (identity.md 2.3): what programs write where a shopper should be. One
 * such value taken for an identifier would join all who share it. Lists catch the known; hubs catch
 * the rest.
 */
const ANY_CASE: ReadonlySet<string> = new Set([
  '',
  'anonymous',
  'guest',
  'undefined',
  'null',
  'true',
  'false',
  'id',
  'email',
  'distinct_id',
  'distinctid',
  'not_authenticated',
  'invalid',
  'unknown',
  'n/a',
]);

/** `nan` is somebody's name, `NaN` is not. */
const AS_WRITTEN: ReadonlySet<string> = new Set([
  'NaN',
  'None',
  'none',
  '[object Object]',
  '\\N',
  '-1',
  '匿名',
  '匿名用户',
  '游客',
  '未知',
  '无',
  '空',
  '02:00:00:00:00:00',
  '9774d56d682e549c',
]);

const LISTED_LENGTH_MAX = 17;
const ONLY_ZEROS = /^[0\-:.]+$/;

/** What quotes, zeros and listed values begin with, in ASCII: most values begin with none of it. */
const mayBegin = new Uint8Array(128);
for (const text of ['"', "'", '0', '-', ':', '.', ...ANY_CASE, ...AS_WRITTEN]) {
  for (const first of [text.charCodeAt(0), text.toUpperCase().charCodeAt(0)]) {
    if (first < 128) mayBegin[first] = 1;
  }
}

/** `text` without blanks around it. One pair of quotes is looked through: `"null"` is null. */
export function isPlaceholder(text: string, more?: ReadonlySet<string>): boolean {
  if (more === undefined && mayBegin[text.charCodeAt(0)] === 0) return false;
  const bare = unquote(text);
  if (more?.has(bare) === true) return true;
  if (ONLY_ZEROS.test(bare)) return true;
  if (bare.length > LISTED_LENGTH_MAX) return false;
  return AS_WRITTEN.has(bare) || ANY_CASE.has(bare.toLowerCase());
}

/** Blanks inside the quotes are no more than blanks outside them. */
function unquote(text: string): string {
  const quote = text.charAt(0);
  if (quote !== '"' && quote !== "'") return text;
  return text.length > 1 && text.endsWith(quote) ? text.slice(1, -1).trim() : text;
}
