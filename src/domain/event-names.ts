/**
 * The names in canonical JSON, and what becomes of others: a slip of the finger or a name that
 * other systems use is refused where the right one is missing, since to swallow it would silently
 * lose an order or a shopper; anything else is kept in `properties`, so that nothing sent is lost.
 */
import { nearestName } from './nearest-name.ts';

export type Part = 'event' | 'identifier' | 'order' | 'item' | 'cart' | 'checkout';

/** Names other systems use for what we call otherwise, and what to send instead. */
type Elsewhere = ReadonlyMap<string, string>;

interface Names {
  readonly known: ReadonlySet<string>;
  /** The known names by how they sound. */
  readonly plain: ReadonlyMap<string, string>;
  /** Those long enough to be misspelt: among two or three letters nearly all are one letter apart. */
  readonly long: readonly string[];
  readonly elsewhere: Elsewhere;
  /** What other names were taken for: a shop's own names come with every event. */
  readonly guessed: Map<string, string | undefined>;
}

/** Of each part; further names are looked at every time. */
const GUESSED_MAX = 1_000;

const names = (
  known: readonly string[],
  elsewhere: Readonly<Record<string, readonly string[]>> = {},
): Names => ({
  known: new Set(known),
  plain: new Map(known.map((name) => [plain(name), name] as const)),
  long: known.filter((name) => name.length > 3),
  elsewhere: new Map(
    Object.entries(elsewhere).flatMap(([right, wrong]) =>
      wrong.map((name) => [plain(name), right] as const),
    ),
  ),
  guessed: new Map(),
});

/** Letters and digits only, lower case: how names are compared across conventions. */
const plain = (name: string): string => name.toLowerCase().replaceAll(/[^a-z0-9]/g, '');

const NAMES: Readonly<Record<Part, Names>> = {
  event: names(
    [
      'id',
      'source',
      'type',
      'at',
      'sentAt',
      'identifiers',
      'order',
      'items',
      'cart',
      'checkout',
      'store',
      'channel',
      'campaign',
      'properties',
    ],
    {
      id: ['event_id', 'message_id'],
      type: ['event', 'event_type', 'event_name'],
      at: ['timestamp', 'original_timestamp', 'time', 'event_time', 'occurred_at'],
      identifiers: ['identifier', 'identities', 'user_id', 'anonymous_id'],
      'order.id': ['order_id'],
      'cart.id': ['cart_id'],
      'checkout.id': ['checkout_id'],
      items: ['products', 'line_items'],
      store: ['store_id'],
    },
  ),
  identifier: names(['type', 'scope', 'value', 'verified', 'virtual'], { value: ['id'] }),
  order: names(['id', 'total', 'discount', 'currency', 'coupons'], {
    id: ['order_id'],
    total: ['amount', 'revenue'],
    coupons: ['coupon'],
  }),
  item: names(['sku', 'name', 'category', 'brand', 'variant', 'quantity', 'price'], {
    sku: ['product_id', 'item_id'],
    quantity: ['qty'],
  }),
  cart: names(['id'], { id: ['cart_id'] }),
  checkout: names(['id'], { id: ['checkout_id'] }),
};

export const knownNames = (part: Part): ReadonlySet<string> => NAMES[part].known;

/**
 * What was probably meant by a name that is not known, as a path into the part; undefined where
 * the part has that too, or nothing comes near: then the name is the sender's own.
 */
export function meantName(part: Part, name: string, object: object): string | undefined {
  const right = rightName(NAMES[part], name);
  if (right === undefined) return undefined;
  return Object.hasOwn(object, right.split('.', 1)[0] ?? right) ? undefined : right;
}

function rightName(names: Names, name: string): string | undefined {
  if (names.guessed.has(name)) return names.guessed.get(name);
  const bare = plain(name);
  let right = names.plain.get(bare) ?? names.elsewhere.get(bare);
  if (right === undefined && name.length >= 4 && name.length <= 40) {
    right = nearestName(name, names.long);
  }
  if (names.guessed.size < GUESSED_MAX && name.length <= 40) names.guessed.set(name, right);
  return right;
}
