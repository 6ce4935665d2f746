/**
 * What an event is, once it has been read: typed, in integer fen and integer milliseconds UTC.
 * `Event` is what every stage after normalise works on; how the JSON of the edge becomes one is in
 * `parse-event.ts`.
 */
export const SOURCES = ['pos', 'app', 'order', 'social', 'crm'] as const;
export type Source = (typeof SOURCES)[number];

/** Any JSON value; objects have no prototype where we made them. */
export type Json = string | number | boolean | null | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [name: string]: Json;
}

/** An identifier as it was sent: nothing about it is trusted yet (`identity/normalise.ts`). */
export interface SentIdentifier {
  readonly type: string;
  readonly scope?: string | undefined;
  readonly value: Json;
  /** Proof of possession by a server-side source: allows a rebind (recycled phone numbers). */
  readonly verified?: boolean | undefined;
  /** A source mapping says that this is a privacy number. */
  readonly virtual?: boolean | undefined;
}

export interface Item {
  readonly sku: string;
  readonly name?: string | undefined;
  /** A path, broad to narrow: `dairy/milk`. */
  readonly category?: string | undefined;
  readonly brand?: string | undefined;
  readonly variant?: string | undefined;
  /** Pieces, or a weight: any finite number ≥ 0. */
  readonly quantity: number;
  /** Fen for one. */
  readonly price: number;
}

export interface Order {
  readonly id: string;
  /** Fen, what was paid, discount already taken off. For a refund: what was paid back. */
  readonly total: number;
  /** Fen. */
  readonly discount: number;
  readonly currency: string;
  readonly coupons: readonly string[];
}

export type EventFlag = 'id_assigned' | 'at_clamped';

export interface Event {
  readonly tenant: string;
  readonly id: string;
  readonly source: Source;
  /** snake_case; any name is allowed, the known ones are in EVENT_TYPES. */
  readonly type: string;
  /** When it happened, ms UTC, as the client claims (clamped to `receivedAt` if over 5 min ahead). */
  readonly at: number;
  readonly receivedAt: number;
  readonly order?: Order | undefined;
  readonly items: readonly Item[];
  readonly cart?: string | undefined;
  readonly checkout?: string | undefined;
  readonly store?: string | undefined;
  /** Where in the retailer's world: `store`, `app`, `web`, `mini_program`, `marketplace` … */
  readonly channel?: string | undefined;
  readonly campaign?: string | undefined;
  /** Everything else, as JSON text: parsed only where a rule asks for it. */
  readonly properties: string;
  readonly flags: readonly EventFlag[];
}

/** An event as it was read, before it is known whose it is. */
export interface SentEvent extends Event {
  readonly sent: readonly SentIdentifier[];
}

/** The event types the shipped catalogue speaks of. Others are accepted as they come. */
export const EVENT_TYPES = [
  'app_opened',
  'app_login',
  'page_viewed',
  'product_viewed',
  'product_searched',
  'cart_added',
  'cart_removed',
  'cart_viewed',
  'checkout_started',
  'order_created',
  'order_paid',
  'order_cancelled',
  'order_refunded',
  'product_shared',
  'live_joined',
  'live_interacted',
  'post_liked',
  'post_commented',
  'followed',
  'unfollowed',
  'message_received',
  'member_registered',
  'member_updated',
  'points_earned',
  'points_redeemed',
  'coupon_issued',
  'coupon_redeemed',
  'store_visited',
  'push_opened',
  'link_clicked',
  'consent_changed',
  'profile_updated',
] as const;
