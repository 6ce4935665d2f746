/**
 * The identifiers of shoppers, derived from their numbers: nothing is stored, no two shoppers are
 * given the same value, and what is shared (a family's tablet and phone, a store's kiosk) is
 * derived from the cluster or the store. Mobile numbers use the prefixes 154, 161 and 164, which
 * were not handed out to any operator when this was written.
 */
import { scramble, type Random } from './random.ts';

/** A `SentIdentifier` whose value is text; a type, not an interface, so that it is JSON as well. */
export type Sent = {
  readonly type: string;
  readonly scope?: string;
  readonly value: string;
  readonly verified?: true;
};

/** What a shopper may own, in the order of `IDENTIFIER_TYPES`: strongest first. */
export const SLOTS = [
  'member',
  'uid',
  'unionid',
  'phone',
  'newPhone',
  'email',
  'tmall',
  'jd',
  'openidMp',
  'openidMini',
  'device',
  'secondDevice',
  'thirdDevice',
] as const;
export type Slot = (typeof SLOTS)[number];

const TMALL_SCOPE = 'tmall:1001';
const JD_SCOPE = 'jd:2001';
const MP_APP = 'wxmp-weft-demo';
const MINI_APP = 'wxmini-weft-demo';

const SALTS: Readonly<Record<Slot | 'tablet' | 'familyPhone', number>> = {
  member: 0x1d872b41,
  uid: 0x5f356495,
  unionid: 0x32c1a3b7,
  phone: 0x77e4f1c3,
  newPhone: 0x2b9d6e05,
  email: 0x4c7f2d19,
  tmall: 0x6a09e667,
  jd: 0x3c6ef372,
  openidMp: 0x510e527f,
  openidMini: 0x1f83d9ab,
  device: 0x5be0cd19,
  secondDevice: 0x428a2f98,
  thirdDevice: 0x71374491,
  tablet: 0x35b8c1a7,
  familyPhone: 0x59f111f1,
};

/** One value of one shopper: `number` is the shopper's. */
export function identifierOf(seed: number, number: number, slot: Slot): Sent {
  switch (slot) {
    case 'member':
      return { type: 'member', value: `M${1_000_000 + number}` };
    case 'uid':
      return { type: 'uid', value: `u${hex(seed, number, slot)}` };
    case 'unionid':
      return { type: 'unionid', value: `oU${hex(seed, number, slot)}` };
    case 'phone':
      return { type: 'phone', value: `154${eightDigits(seed, number)}` };
    case 'newPhone':
      return { type: 'phone', value: `161${eightDigits(seed, number)}` };
    case 'email':
      return { type: 'email', value: `shopper${number}@example.com` };
    case 'tmall':
      return { type: 'buyer', scope: TMALL_SCOPE, value: `tb${hex(seed, number, slot)}` };
    case 'jd':
      return { type: 'buyer', scope: JD_SCOPE, value: `jd${hex(seed, number, slot)}` };
    case 'openidMp':
      return { type: 'openid', scope: MP_APP, value: `oM${hex(seed, number, slot)}` };
    case 'openidMini':
      return { type: 'openid', scope: MINI_APP, value: `oX${hex(seed, number, slot)}` };
    case 'device':
    case 'secondDevice':
    case 'thirdDevice':
      return { type: 'device', value: uuid(seed, number, SALTS[slot]) };
  }
}

export const tabletOf = (seed: number, cluster: number): Sent => ({
  type: 'device',
  value: uuid(seed, cluster, SALTS.tablet),
});

export const familyPhoneOf = (seed: number, cluster: number): Sent => ({
  type: 'phone',
  value: `164${eightDigits(seed, cluster)}`,
});

export const kioskOf = (store: string): Sent => ({
  type: 'device',
  value: `KIOSK-${store}-1`,
});

/** The same phone as people at a till type it. */
export function asTyped(phone: Sent, random: Random): Sent {
  const digits = phone.value;
  const grouped = `${digits.slice(0, 3)} ${digits.slice(3, 7)} ${digits.slice(7)}`;
  const forms = [`+86${digits}`, `0086${digits}`, grouped, `+86-${digits}`];
  return { ...phone, value: random.pick(forms) };
}

/** How a marketplace hides it: `154****1234`. */
export const maskedPhone = (seed: number, number: number): Sent => {
  const digits = eightDigits(seed, number);
  return { type: 'phone', value: `154****${digits.slice(4)}` };
};

/** A privacy number: the stem belongs to the carrier, the extension to this parcel. */
export const virtualPhone = (stem: number, extension: number): Sent => ({
  type: 'phone',
  value: `154${String(10_000_000 + stem)}-${String(1_000 + extension)}`,
});

/** Distinct for distinct numbers: scrambling is a bijection of 32 bits. */
function hex(seed: number, number: number, slot: Slot): string {
  return hexOf(scramble(number ^ scramble(seed ^ SALTS[slot])));
}

function uuid(seed: number, number: number, salt: number): string {
  const first = scramble(number ^ scramble(seed ^ salt));
  const second = scramble(first ^ 0x3c4fcf09);
  const third = hexOf(scramble(second + number));
  const tail = hexOf(scramble(second ^ salt)) + third.slice(4);
  const middle = hexOf(second);
  return `${hexOf(first)}-${middle.slice(0, 4)}-4${middle.slice(5)}-a${third.slice(1, 4)}-${tail}`;
}

const BYTES = Array.from({ length: 256 }, (_, byte) => (byte + 256).toString(16).slice(1));
const byteOf = (word: number, shift: number) => BYTES[(word >>> shift) & 255] as string;
const hexOf = (word: number): string =>
  byteOf(word, 24) + byteOf(word, 16) + byteOf(word, 8) + byteOf(word, 0);

/** Distinct for the first hundred million: 29,999,999 has no factor in common with 10⁸. */
function eightDigits(seed: number, number: number): string {
  const spread = (number * 29_999_999 + (seed % 100_000_000)) % 100_000_000;
  return String(100_000_000 + spread).slice(1);
}
