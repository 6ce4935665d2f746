/**
 * The retailer: its stores, kiosks, assortment and coupons. Small, derived from the seed, the same
 * for history and for what follows it.
 */
import { createAssortment, type Assortment } from './products.ts';
import { kioskOf, type Sent } from './identities.ts';
import { createPopulation, type Population } from './population.ts';

export interface World {
  readonly seed: number;
  /** The moment at which life begins: shoppers register, move and change phones from here on. */
  readonly start: number;
  /** Within how much of it they do. */
  readonly lifeMs: number;
  readonly population: Population;
  readonly assortment: Assortment;
  readonly stores: readonly string[];
  /** Devices in stores that hundreds of members share. */
  readonly kiosks: readonly Kiosk[];
}

export interface Kiosk {
  readonly number: number;
  readonly store: string;
  readonly identifier: Sent;
}

export interface WorldOptions {
  readonly seed: number;
  readonly shoppers: number;
  readonly start: number;
  readonly lifeMs: number;
  readonly stores?: number | undefined;
}

export const COUPON_CODES = ['NEW10', 'CART5', 'MILK8', 'MEMBER88', 'SALE1111', 'BABY30'] as const;
export const LIVE_ROOMS = ['live-0618', 'live-fruit', 'live-baby', 'live-home'] as const;
export const CAMPAIGNS = ['wechat/moments/new', 'douyin/feed/fresh', 'sms/member/day'] as const;
export const QUERIES = [
  '牛奶',
  '奶粉 1段',
  '空调 变频',
  '苹果',
  '纸尿裤 L',
  '大米 5kg',
  '洗衣液',
  '每日坚果',
  '鸡蛋',
  '电饭煲',
] as const;

export function createWorld(options: WorldOptions): World {
  const { seed, shoppers, start, lifeMs } = options;
  const count = options.stores ?? Math.min(500, Math.max(20, Math.round(shoppers / 100)));
  const stores = Array.from({ length: count }, (_, n) => `S${String(n + 1).padStart(3, '0')}`);
  const kioskCount = Math.min(Math.ceil(count / 5), Math.max(1, Math.floor(shoppers / 500)));
  const kiosks = stores
    .slice(0, kioskCount)
    .map((store, number) => ({ number, store, identifier: kioskOf(store) }));
  return {
    seed,
    start,
    lifeMs,
    population: createPopulation(seed, shoppers),
    assortment: createAssortment(seed),
    stores,
    kiosks,
  };
}
