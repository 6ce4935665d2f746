/** A little colour on a terminal, none in a pipe; and columns that line up, Chinese text included. */
export interface Style {
  heading(text: string): string;
  strong(text: string): string;
  faint(text: string): string;
  good(text: string): string;
}

export function createStyle(isColoured: boolean): Style {
  const wrap = (code: string) => (text: string) =>
    isColoured ? `\u001b[${code}m${text}\u001b[0m` : text;
  return { heading: wrap('1;36'), strong: wrap('1'), faint: wrap('2'), good: wrap('32') };
}

/** Columns a terminal gives a text: two for each East Asian wide character. */
function widthOf(text: string): number {
  let width = 0;
  for (const char of text) width += WIDE.test(char) ? 2 : 1;
  return width;
}

const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/;

export const padEnd = (text: string, width: number): string =>
  text + ' '.repeat(Math.max(0, width - widthOf(text)));

export const padStart = (text: string, width: number): string =>
  ' '.repeat(Math.max(0, width - widthOf(text))) + text;

/** 1234567 → 1,234,567. */
export const grouped = (value: number): string => value.toLocaleString('en-US');
