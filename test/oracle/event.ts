/**
 * A line of canonical JSON as the model sees it: money in fen, moments in milliseconds, identifiers in
 * their normal form (identity.md 2.2, 2.3) and canonical order; or the reason why nobody may take it.
 * Written from the documents for what the simulator sends; shares no code with src/.
 */
export interface ModelItem {
  readonly category: string | undefined;
  readonly brand: string | undefined;
  /** Thousandths. */
  readonly quantity: number;
  /** Fen for the lot. */
  readonly amount: number;
}

export interface ModelIdentifier {
  readonly type: string;
  readonly scope: string;
  readonly value: string;
  readonly verified: boolean;
  /** `type␟scope␟value`. */
  readonly key: string;
}

export interface ModelEvent {
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly at: number;
  readonly identifiers: readonly ModelIdentifier[];
  readonly order: { readonly id: string; readonly total: number; readonly discount: number } | null;
  readonly items: readonly ModelItem[];
  readonly cart: string | undefined;
  readonly store: string | undefined;
  readonly channel: string | undefined;
  readonly properties: Readonly<Record<string, unknown>>;
}

type Loose = Readonly<Record<string, unknown>>;

const AMOUNT_MAX = 1e12;

/** null: dead, nothing of it counts. */
export function modelEventOf(line: string): ModelEvent | null {
  const body: unknown = JSON.parse(line);
  if (!isObject(body)) return null;
  const { id, source, type } = body;
  const at = typeof body['at'] === 'string' ? Date.parse(body['at']) : Number.NaN;
  const sent = body['identifiers'];
  const items = body['items'] ?? [];
  if (typeof id !== 'string' || typeof source !== 'string' || typeof type !== 'string') return null;
  if (Number.isNaN(at) || !Array.isArray(sent) || sent.length === 0) return null;
  if (!Array.isArray(items) || !items.every(isSoundItem)) return null;
  const properties = body['properties'] ?? {};
  if (!isObject(properties) || !isSoundJson(properties)) return null;
  const order = body['order'];
  if (isObject(order) && !(Math.abs(Number(order['total'])) <= AMOUNT_MAX)) return null;
  return {
    id,
    source,
    type,
    at,
    identifiers: identifiersOf(sent as Loose[]),
    order: isObject(order) ? orderOf(order) : null,
    items: (items as Loose[]).map(itemOf),
    cart: isObject(body['cart']) ? String(body['cart']['id']) : undefined,
    store: textOf(body['store']),
    channel: textOf(body['channel']),
    properties,
  };
}

const isObject = (value: unknown): value is Loose =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' ? value : undefined;

const isSoundItem = (item: unknown): boolean => isObject(item) && Number(item['quantity']) >= 0;

/** No half characters, and no name that would reach a prototype. */
function isSoundJson(value: unknown): boolean {
  if (typeof value === 'string') return !/\p{Surrogate}/u.test(value);
  if (typeof value !== 'object' || value === null) return true;
  return Object.entries(value).every(
    ([name, inner]) => !['__proto__', 'constructor'].includes(name) && isSoundJson(inner),
  );
}

const orderOf = (order: Loose) => ({
  id: String(order['id']),
  total: fenOf(order['total']),
  discount: fenOf(order['discount'] ?? 0),
});

function itemOf(item: Loose): ModelItem {
  const quantity = Math.round(Number(item['quantity']) * 1_000);
  return {
    category: textOf(item['category']),
    brand: textOf(item['brand']),
    quantity,
    amount: Math.floor((quantity * fenOf(item['price']) + 500) / 1_000),
  };
}

/** The simulator sends whole fen as decimals of two places. */
const fenOf = (amount: unknown): number => Math.round(Number(amount) * 100);

const PRIORITY = ['member', 'uid', 'unionid', 'phone', 'email', 'buyer', 'openid', 'device'];
const NEEDS_SCOPE = new Set(['buyer', 'openid']);
const NOBODY_ANY_CASE = new Set(['', 'anonymous', 'guest', 'undefined', 'null', 'true', 'false']);
const NOBODY_AS_WRITTEN = new Set([
  '-1',
  'NaN',
  'None',
  'none',
  '游客',
  '匿名',
  '02:00:00:00:00:00',
]);

function identifiersOf(sent: readonly Loose[]): readonly ModelIdentifier[] {
  const byKey = new Map<string, ModelIdentifier>();
  for (const one of sent) {
    const type = String(one['type']);
    const value = valueOf(type, String(one['value']).trim());
    const scope = scopeOf(type, textOf(one['scope']));
    if (!PRIORITY.includes(type) || value === null || scope === null) continue;
    const key = [type, scope, value].join('\u001f');
    const verified = one['verified'] === true || byKey.get(key)?.verified === true;
    byKey.set(key, { type, scope, value, verified, key });
  }
  return [...byKey.values()].toSorted(
    (a, b) =>
      PRIORITY.indexOf(a.type) - PRIORITY.indexOf(b.type) ||
      compare(a.scope, b.scope) ||
      compare(a.value, b.value),
  );
}

function scopeOf(type: string, scope: string | undefined): string | null {
  if (NEEDS_SCOPE.has(type)) return scope ?? null;
  if (type === 'unionid') return scope ?? 'default';
  return scope === undefined ? '' : null;
}

/** null: points at nobody. */
function valueOf(type: string, text: string): string | null {
  if (NOBODY_ANY_CASE.has(text.toLowerCase()) || NOBODY_AS_WRITTEN.has(text)) return null;
  if (/^[0\-:.]+$/.test(text)) return null;
  if (type === 'phone') return phoneOf(text);
  if (type === 'email') return text.toLowerCase();
  return type === 'device' && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)
    ? text.toLowerCase()
    : text;
}

/** A mainland mobile number in any of the forms people type; masked and privacy numbers are none. */
function phoneOf(text: string): string | null {
  const digits = text.replaceAll(/[\s\-.()]/g, '').replace(/^(\+|00)?86/, '');
  const isPrivacyNumber = /\d{11}-\d{1,6}$/.test(text) && !/^\+?(00)?86/.test(text);
  return !isPrivacyNumber && /^1[3-9]\d{9}$/.test(digits) ? `+86${digits}` : null;
}

export const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
