/* oxlint-disable unicorn/no-thenable -- `then` is a word of the catalogue */
/**
 * The triggers of `catalogue/triggers.yaml`, in the model's own words: the same names, patterns and
 * numbers, conditions as functions. What is said there and not here, or here and not there, shows.
 */
import type { ModelEvent } from './event.ts';
import { known, number, tagAt, type Asked } from './tags.ts';
import { DAY, HOUR, MINUTE } from './windows.ts';

export type Consent = 'opt_in' | 'opt_out' | 'none';

export interface Rule {
  readonly name: string;
  readonly pattern: RulePattern;
  readonly where?: (event: ModelEvent) => boolean;
  readonly if?: (asked: Asked) => boolean;
  readonly limit?: { readonly times: number; readonly over: number };
  /** Channels any of which will do. */
  readonly channels: readonly { readonly name: string; readonly consent: Consent }[];
}

type KeyOf = (event: ModelEvent) => string | undefined;

export type RulePattern =
  | { readonly kind: 'event'; readonly on: readonly string[] }
  | { readonly kind: 'tag'; readonly tag: string; readonly becomes: 'entered' | 'left' }
  | {
      readonly kind: 'absence';
      readonly on: readonly string[];
      readonly unless: readonly string[];
      readonly within: number;
      readonly keyOf: KeyOf;
      readonly again: 'restart' | 'keep_first';
      readonly isKeyed: boolean;
    }
  | {
      readonly kind: 'sequence';
      readonly on: readonly string[];
      readonly then: readonly string[];
      readonly within: number;
      readonly keyOf: KeyOf;
      readonly isKeyed: boolean;
    }
  | {
      readonly kind: 'count';
      readonly on: readonly string[];
      readonly atLeast: number;
      readonly within: number;
      readonly keyOf: KeyOf;
      readonly isKeyed: boolean;
    };

const LOG = [{ name: 'log', consent: 'none' }] as const;
const WHOLE = { keyOf: (): string => '', isKeyed: false };
const BY_CART = { keyOf: ({ cart }: ModelEvent) => cart, isKeyed: true };
const BY_STORE = { keyOf: ({ store }: ModelEvent) => store, isKeyed: true };

export const RULES: readonly Rule[] = [
  {
    name: 'big_order',
    pattern: { kind: 'event', on: ['order_paid'] },
    where: ({ order }) => order !== null && order.total >= 30_000,
    channels: LOG,
  },
  {
    name: 'looks_around',
    pattern: { kind: 'event', on: ['product_viewed', 'product_searched'] },
    if: (asked) => number(asked, 'orders_30d') === 0 && number(asked, 'product_views_7d') >= 3,
    limit: { times: 2, over: DAY },
    channels: LOG,
  },
  {
    name: 'cart_left',
    pattern: {
      kind: 'absence',
      on: ['cart_added'],
      unless: ['order_paid'],
      within: 30 * MINUTE,
      ...BY_CART,
      again: 'restart',
    },
    channels: LOG,
  },
  {
    name: 'dear_cart_left',
    pattern: {
      kind: 'absence',
      on: ['cart_added'],
      unless: ['order_paid', 'cart_removed'],
      within: 2 * HOUR,
      ...BY_CART,
      again: 'keep_first',
    },
    if: (asked) => number(asked, 'cart_value') >= 10_000 && number(asked, 'orders_7d') <= 3,
    limit: { times: 1, over: 3 * DAY },
    channels: LOG,
  },
  {
    name: 'checkout_left',
    pattern: {
      kind: 'absence',
      on: ['checkout_started'],
      unless: ['order_created', 'order_paid'],
      within: HOUR,
      ...WHOLE,
      again: 'restart',
    },
    limit: { times: 3, over: 7 * DAY },
    channels: LOG,
  },
  {
    name: 'shared_then_bought',
    pattern: {
      kind: 'sequence',
      on: ['product_shared'],
      then: ['order_paid'],
      within: 3 * DAY,
      ...WHOLE,
    },
    channels: LOG,
  },
  {
    name: 'changed_mind',
    pattern: {
      kind: 'sequence',
      on: ['cart_added'],
      then: ['cart_removed'],
      within: 10 * MINUTE,
      ...BY_CART,
    },
    channels: LOG,
  },
  {
    name: 'keen',
    pattern: { kind: 'count', on: ['product_viewed'], atLeast: 5, within: HOUR, ...WHOLE },
    if: (asked) => tagAt('suspected_bot', asked) === undefined,
    limit: { times: 1, over: 2 * HOUR },
    channels: LOG,
  },
  {
    name: 'regular_of_a_store',
    pattern: { kind: 'count', on: ['order_paid'], atLeast: 2, within: 7 * DAY, ...BY_STORE },
    channels: LOG,
  },
  {
    name: 'both_worlds',
    pattern: { kind: 'tag', tag: 'multi_channel', becomes: 'entered' },
    channels: LOG,
  },
  {
    name: 'bargain_hunter',
    pattern: { kind: 'tag', tag: 'price_sensitive', becomes: 'entered' },
    if: (asked) => known(asked, 'discount_share_90d') < 0.9,
    channels: LOG,
  },
  {
    name: 'searched_enough',
    pattern: { kind: 'tag', tag: 'searches_1h', becomes: 'left' },
    channels: LOG,
  },
  {
    name: 'gone_quiet',
    pattern: { kind: 'tag', tag: 'active', becomes: 'left' },
    channels: LOG,
  },
  {
    name: 'told_by_sms',
    pattern: { kind: 'event', on: ['order_paid'] },
    channels: [{ name: 'sms', consent: 'opt_out' }],
  },
  {
    name: 'pushed',
    pattern: { kind: 'event', on: ['post_liked', 'live_joined', 'app_login'] },
    channels: [
      { name: 'push', consent: 'opt_in' },
      { name: 'wechat', consent: 'opt_in' },
    ],
  },
];
