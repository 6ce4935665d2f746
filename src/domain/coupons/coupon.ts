/**
 * What a coupon is worth, how many there are and how long they hold: `catalogue/coupons.yaml`,
 * compiled. Who got which code is the coupon store's business.
 */
import {
  fault,
  readChoice,
  readEntry,
  readFlag,
  readList,
  readLocalText,
  readName,
  readText,
  readWhole,
  report,
  type CatalogueProblem,
  type Entry,
  type LocalText,
} from '../catalogue/entry.ts';
import { parseDuration } from '../duration.ts';
import type { Json } from '../event.ts';
import { parseMoment } from '../moment.ts';
import { toFen } from '../money.ts';

const KINDS = ['amount_off', 'percent_off', 'gift', 'free_delivery'] as const;
type CouponKind = (typeof KINDS)[number];

type Validity =
  | { readonly kind: 'for'; readonly ms: number }
  /** The last moment it can be used. */
  | { readonly kind: 'until'; readonly at: number };

export interface Coupon {
  readonly name: string;
  readonly title: LocalText;
  readonly kind: CouponKind;
  /** Fen (amount_off), percent (percent_off); null for the other kinds. */
  readonly value: number | null;
  /** What is given (gift). */
  readonly gift: string | null;
  /** Fen an order must come to. */
  readonly threshold: number;
  /** Most issues altogether; null: no limit. */
  readonly stock: number | null;
  /** Most issues to one profile; null: no limit. */
  readonly perProfile: number | null;
  readonly validity: Validity | null;
  /** Codes are imported (`weft coupons import`) instead of made. */
  readonly pool: boolean;
  /** In front of made codes. */
  readonly prefix: string;
}

export type CompiledCoupons =
  | { readonly ok: true; readonly coupons: ReadonlyMap<string, Coupon> }
  | { readonly ok: false; readonly problems: readonly CatalogueProblem[] };

const FIELDS = [
  'name',
  'title',
  'kind',
  'value',
  'gift',
  'threshold',
  'stock',
  'per_profile',
  'valid',
  'pool',
  'prefix',
];
const COUPONS_MAX = 1_000;
const STOCK_MAX = 1_000_000_000;
const PER_PROFILE_MAX = 1_000;
const VALID_MAX_MS = 3_660 * 86_400_000;
const PREFIX = /^[A-Z0-9]{1,8}$/;

export function compileCoupons(content: Json): CompiledCoupons {
  const problems: CatalogueProblem[] = [];
  const coupons = new Map<string, Coupon>();
  const list = readList(content, 'coupons', problems);
  if (list.length > COUPONS_MAX)
    report(problems, [], `There are more than ${COUPONS_MAX} coupons.`);
  for (const [index, value] of list.slice(0, COUPONS_MAX).entries()) {
    const at = { path: [index], what: 'A coupon', known: FIELDS };
    const entry = readEntry(value, at, problems);
    if (entry === undefined) continue;
    const coupon = readCoupon(entry);
    if (coupons.has(coupon.name)) fault(entry, 'name', `There are two coupons '${coupon.name}'.`);
    coupons.set(coupon.name, coupon);
  }
  return problems.length > 0 ? { ok: false, problems } : { ok: true, coupons };
}

/** When a coupon issued now can no longer be used, ms UTC; null: never. */
export function expiryOf({ validity }: Coupon, issuedAt: number): number | null {
  if (validity === null) return null;
  return validity.kind === 'for' ? issuedAt + validity.ms : validity.at;
}

/** With a problem noted it is never used, so gaps are filled with anything. */
function readCoupon(entry: Entry): Coupon {
  const name = readName(entry, 'A coupon') ?? '';
  const kind = readChoice(entry, 'kind', KINDS);
  if (!entry.fields.has('kind')) {
    fault(entry, null, `A coupon needs a kind, one of: ${KINDS.join(', ')}.`);
  }
  return {
    name,
    title: readLocalText(entry, 'title') ?? name,
    kind: kind ?? 'gift',
    value: kind === undefined ? null : readValue(entry, kind),
    gift: readGift(entry, kind),
    threshold: readMoney(entry, 'threshold') ?? 0,
    stock: readStock(entry),
    perProfile: readWhole(entry, 'per_profile', { min: 1, max: PER_PROFILE_MAX }) ?? null,
    validity: readValidity(entry),
    pool: readFlag(entry, 'pool', false),
    prefix: readPrefix(entry),
  };
}

function readValue(entry: Entry, kind: CouponKind): number | null {
  switch (kind) {
    case 'amount_off': {
      const fen = readMoney(entry, 'value');
      if (fen === 0 || !entry.fields.has('value')) {
        fault(entry, null, "'amount_off' needs a value: how much, in currency units.");
      }
      return fen ?? null;
    }
    case 'percent_off': {
      const percent = readWhole(entry, 'value', { min: 1, max: 100 });
      if (!entry.fields.has('value')) {
        fault(entry, null, "'percent_off' needs a value: how many percent are taken off.");
      }
      return percent ?? null;
    }
    case 'gift':
    case 'free_delivery':
      if (entry.fields.has('value'))
        fault(entry, 'value', `A coupon of kind '${kind}' has no value.`);
      return null;
  }
}

function readGift(entry: Entry, kind: CouponKind | undefined): string | null {
  const gift = readText(entry, 'gift');
  if (gift !== undefined && kind !== 'gift') {
    fault(entry, 'gift', "Only a coupon of kind 'gift' says what is given.");
  }
  return gift ?? null;
}

function readMoney(entry: Entry, field: string): number | undefined {
  const value = entry.fields.get(field);
  if (value === undefined) return undefined;
  const fen = typeof value === 'number' ? toFen(value) : 'not_decimal';
  if (typeof fen === 'number' && fen >= 0) return fen;
  return fault(entry, field, `'${field}' must be an amount in currency units, such as 5 or 9.90.`);
}

/** `none`, or nothing said: no limit. */
function readStock(entry: Entry): number | null {
  if (entry.fields.get('stock') === 'none') return null;
  return readWhole(entry, 'stock', { min: 0, max: STOCK_MAX }) ?? null;
}

/** `7d`, from the day it is issued, or `until 2026-12-31T23:59:59+08:00`. */
function readValidity(entry: Entry): Validity | null {
  const text = readText(entry, 'valid');
  if (text === undefined) return null;
  const [, moment] = /^until (.+)$/.exec(text) ?? [];
  if (moment !== undefined) {
    const at = parseMoment(moment);
    if (typeof at === 'number') return { kind: 'until', at };
  }
  const ms = parseDuration(text);
  if (ms !== undefined && ms > 0 && ms <= VALID_MAX_MS) return { kind: 'for', ms };
  const message = "'valid' must be a duration, or a moment with its zone after 'until'.";
  fault(entry, 'valid', message, "7d, or 'until 2026-12-31T23:59:59+08:00'");
  return null;
}

function readPrefix(entry: Entry): string {
  const prefix = readText(entry, 'prefix') ?? '';
  if (prefix === '') return '';
  if (!PREFIX.test(prefix)) fault(entry, 'prefix', "'prefix' must be 1 to 8 of A-Z and 0-9.");
  if (entry.fields.get('pool') === true) {
    fault(entry, 'prefix', 'Codes of a pool are used as they are: a prefix cannot be put on them.');
  }
  return prefix;
}
