/**
 * From what was sent to identifiers (identity.md 2.2 and 2.3). What points at nobody is dropped with
 * a reason and never makes its event invalid. Normalising twice is normalising once; an identifier's
 * value reaches the identity plane as a digest only.
 */
import { compareBytewise } from '../bytewise.ts';
import type { Json, SentIdentifier } from '../event.ts';
import { isWellFormed } from '../event-limits.ts';
import { normaliseEmail } from './email.ts';
import { IDENTIFIER_TYPES } from './identifier.ts';
import type { Identifier, IdentifierType, IdentityHash } from './identifier.ts';
import { normalisePhone } from './phone.ts';
import { isPlaceholder } from './placeholders.ts';
import { DEFAULT_SCOPE, P0 } from './policy.ts';
import { unitAt } from '../unit-at.ts';

type DropReason =
  | 'unknown_type'
  | 'scope_not_allowed'
  | 'missing_scope'
  | 'not_scalar'
  | 'blocked'
  | 'illegal'
  | 'virtual'
  | 'masked'
  | 'malformed';

/** Made for counting: a type nobody knows is not named, as it would be a label without bound. */
export interface Dropped {
  readonly kind: 'dropped';
  readonly type: IdentifierType | 'unknown';
  readonly reason: DropReason;
}

/** What the tenant blocks beyond 2.3, by type; compared as written. */
type ExtraBlocked = ReadonlyMap<IdentifierType, ReadonlySet<string>>;

export interface Normalising {
  readonly tenant: string;
  /** Of phone numbers written without their country's code. */
  readonly region: string;
  readonly hash: Pick<IdentityHash, 'digest'>;
  readonly extraBlocked?: ExtraBlocked | undefined;
}

export interface Normalised {
  /** Each once, in canonical order. */
  readonly identifiers: readonly Identifier[];
  readonly dropped: readonly Dropped[];
}

const CODE_POINTS_MAX = 400;

export function normaliseIdentifiers(
  sent: readonly SentIdentifier[],
  options: Normalising,
): Normalised {
  const plain: PlainIdentifier[] = [];
  let dropped: Dropped[] | undefined;
  for (const one of sent) {
    const found = toPlain(one, options);
    if (found.kind === 'plain') insert(plain, found);
    else (dropped ??= []).push(found);
  }
  return {
    identifiers: plain.map((one) => withDigest(one, options)),
    dropped: dropped ?? NOTHING,
  };
}

const NOTHING: readonly Dropped[] = [];

/** One identifier, as a lookup asks for it. */
export function normaliseIdentifier(
  sent: SentIdentifier,
  options: Normalising,
): { readonly kind: 'identifier'; readonly identifier: Identifier } | Dropped {
  const found = toPlain(sent, options);
  if (found.kind === 'dropped') return found;
  return { kind: 'identifier', identifier: withDigest(found, options) };
}

/** Not hashed yet. */
export interface PlainIdentifier {
  readonly kind: 'plain';
  readonly type: IdentifierType;
  readonly scope: string;
  readonly value: string;
  readonly verified: boolean;
}

function withDigest(
  { type, scope, value, verified }: PlainIdentifier,
  { hash, tenant }: Normalising,
): Identifier {
  return { type, scope, digest: hash.digest(tenant, type, scope, value), value, verified };
}

/** At its canonical place; the second of two equal ones only adds its proof. */
function insert(sorted: PlainIdentifier[], one: PlainIdentifier): void {
  let place = sorted.length;
  for (; place > 0; place--) {
    const before = sorted[place - 1];
    if (before === undefined) break;
    const order = compareCanonically(before, one);
    if (order < 0) break;
    if (order > 0) continue;
    if (one.verified) sorted[place - 1] = one;
    return;
  }
  sorted.splice(place, 0, one);
}

/** Priority, then scope, then value, bytewise. */
export function compareCanonically(
  a: Pick<PlainIdentifier, 'type' | 'scope' | 'value'>,
  b: Pick<PlainIdentifier, 'type' | 'scope' | 'value'>,
): number {
  return (
    P0.types[a.type].priority - P0.types[b.type].priority ||
    compareBytewise(a.scope, b.scope) ||
    compareBytewise(a.value, b.value)
  );
}

const TYPES: ReadonlyMap<string, IdentifierType> = new Map(
  IDENTIFIER_TYPES.map((type) => [type, type]),
);

/** Steps 1 to 5; the order decides which reason is given. */
export function toPlain(
  sent: SentIdentifier,
  { region, extraBlocked }: Pick<Normalising, 'region' | 'extraBlocked'>,
): PlainIdentifier | Dropped {
  const type = TYPES.get(sent.type);
  if (type === undefined) return { kind: 'dropped', type: 'unknown', reason: 'unknown_type' };
  const scope = normaliseScope(type, sent.scope);
  if (typeof scope !== 'string') return drop(type, scope.fault);
  const text = toText(sent.value);
  if (text === undefined) return drop(type, 'not_scalar');
  const isVisible = isVisibleAscii(text);
  const clean = isVisible ? text : cleanText(text);
  if (isPlaceholder(clean, extraBlocked?.get(type))) return drop(type, 'blocked');
  if (!isVisible && !isLegal(clean)) return drop(type, 'illegal');
  if (sent.virtual === true) return drop(type, 'virtual');
  const found = byType(type, clean, region);
  if ('fault' in found) return drop(type, found.fault);
  const { value } = found;
  // An address may have grown by the ASCII form of its domain.
  if (value !== clean && !isLegal(value)) return drop(type, 'illegal');
  return { kind: 'plain', type, scope, value, verified: sent.verified === true };
}

const drop = (type: IdentifierType, reason: DropReason): Dropped => ({
  kind: 'dropped',
  type,
  reason,
});

/** As most are: nothing to clean, and legal. */
function isVisibleAscii(text: string): boolean {
  if (text.length > CODE_POINTS_MAX) return false;
  for (let i = 0, { length } = text; i < length; i++) {
    const unit = unitAt(text, i);
    if (unit < 0x21 || unit > 0x7e) return false;
  }
  return true;
}

function normaliseScope(
  type: IdentifierType,
  sent: string | undefined,
): string | { readonly fault: DropReason } {
  const rule = P0.types[type].scope;
  const clean = sent === undefined ? '' : cleanText(sent);
  if (clean === '' || isPlaceholder(clean)) {
    if (rule === 'required') return { fault: 'missing_scope' };
    return rule === 'optional' ? DEFAULT_SCOPE : '';
  }
  if (rule === 'none') return { fault: 'scope_not_allowed' };
  // U+001F separates scope from value in what is hashed.
  return isLegal(clean) ? clean : { fault: 'illegal' };
}

function toText(value: Json): string | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'number' && Number.isSafeInteger(value) ? String(value) : undefined;
}

/** Step 3. */
function cleanText(text: string): string {
  if (ASCII.test(text)) return text.trim();
  // What is invisible keeps letters and their accents apart, so it goes before they are composed.
  return trim(text.replaceAll(INVISIBLE, '').normalize('NFC'));
}

// oxlint-disable-next-line no-control-regex -- control characters are ASCII too
const ASCII = /^[\u0000-\u007f]*$/;
const INVISIBLE = /[\u200B-\u200D\u2060\uFEFF]/g;
const BLANK = /^\p{White_Space}$/u;

/** Of all Unicode white space: `trim()` leaves U+0085. */
function trim(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && BLANK.test(text.charAt(start))) start++;
  while (end > start && BLANK.test(text.charAt(end - 1))) end--;
  return text.slice(start, end);
}

/** No control characters, no half characters (they would all hash alike), not too long. */
function isLegal(text: string): boolean {
  for (let i = 0, { length } = text; i < length; i++) {
    const unit = unitAt(text, i);
    if (unit < 0x20 || unit === 0x7f) return false;
  }
  if (text.length > CODE_POINTS_MAX && Array.from(text).length > CODE_POINTS_MAX) return false;
  return isWellFormed(text);
}

type ByType = { readonly value: string } | { readonly fault: DropReason };

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const UUID_CHARS = 36;

/** Step 5. */
function byType(type: IdentifierType, text: string, region: string): ByType {
  switch (type) {
    case 'phone':
      return normalisePhone(text, region);
    case 'email':
      return normaliseEmail(text);
    case 'device':
      return { value: text.length === UUID_CHARS && UUID.test(text) ? text.toLowerCase() : text };
    case 'member':
    case 'uid':
    case 'unionid':
    case 'buyer':
    case 'openid':
      return { value: text };
  }
}
