/**
 * Phone numbers as E.164 (identity.md 2.2, step 5). A masked number and a privacy number with an
 * extension, which is given to someone else later, point at nobody; neither does their stem.
 */
export type PhoneFault = 'virtual' | 'masked' | 'malformed';

/** Mobile numbers as written at home, without the country's code; `zero` may stand before them. */
interface Region {
  readonly code: string;
  readonly mobile: RegExp;
}

const REGIONS: Readonly<Record<string, Region>> = {
  CN: { code: '86', mobile: /^1[3-9]\d{9}$/ },
  HK: { code: '852', mobile: /^[4-9]\d{7}$/ },
  MO: { code: '853', mobile: /^6\d{7}$/ },
  TW: { code: '886', mobile: /^9\d{8}$/ },
  SG: { code: '65', mobile: /^[89]\d{7}$/ },
};

const MAINLAND = /^(?:\+?86)?1[3-9]\d{9}$/;
const EXTENSION = /(?:[-,;#转]|ext)\.?\s*\d{1,6}$/i;
const MASKED = /[*#xX•●]/;
const E164 = /^\+[1-9]\d{7,14}$/;

export function normalisePhone(
  text: string,
  region: string,
): { readonly value: string } | { readonly fault: PhoneFault } {
  const wide = text.normalize('NFKC');
  const extension = EXTENSION.exec(wide);
  if (extension !== null && MAINLAND.test(bareNumber(wide.slice(0, extension.index)))) {
    return { fault: 'virtual' };
  }
  if (MASKED.test(wide)) return { fault: 'masked' };
  const number = bareNumber(wide);
  const value = number.startsWith('+') ? fromAbroad(number) : fromHome(number, region);
  return value === undefined ? { fault: 'malformed' } : { value };
}

const bareNumber = (text: string): string => text.replaceAll(/[\s\-.()]/g, '').replace(/^00/, '+');

function fromAbroad(number: string): string | undefined {
  const isMainland = number.startsWith('+86');
  return (isMainland ? MAINLAND : E164).test(number) ? number : undefined;
}

/** With or without the country's code in front. */
function fromHome(number: string, region: string): string | undefined {
  const home = Object.hasOwn(REGIONS, region) ? REGIONS[region] : undefined;
  if (home === undefined) return undefined;
  if (home.mobile.test(number)) return `+${home.code}${number}`;
  const rest = number.startsWith(home.code) ? number.slice(home.code.length) : number.slice(1);
  const mayDrop = number.startsWith(home.code) || (region === 'TW' && number.startsWith('0'));
  return mayDrop && home.mobile.test(rest) ? `+${home.code}${rest}` : undefined;
}
