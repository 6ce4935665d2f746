/**
 * The load: what event number `i` is, for every process that must agree on it. Nothing is stored and
 * nothing random: the seed and the number give the profile, the type and the text. Shape: a few
 * profiles are hot (Zipf–Mandelbrot, (rank + 51)^-0.9), seven of ten events are views, one in a
 * hundred is sent twice and one in a hundred is up to five minutes out of order.
 */

export interface LoadShape {
  readonly seed: number;
  readonly profiles: number;
  /** In front of every event id, so that no two steps send the same event. */
  readonly run: string;
  /** One event for each profile in turn instead of the mixture. */
  readonly fills: boolean;
}

export interface Load {
  /** The JSON of event `index` that happens at `at` (ms UTC). */
  textOf(index: number, at: number): string;
}

const SHARE_DUPLICATE = 0.01;
const SHARE_DISORDERED = 0.01;
const DISORDER_MS_MAX = 299_000;
const DUPLICATE_REACH = 40_000;
const SKUS = 5_000;
const BRANDS = 40;
const CATEGORIES = [
  'dairy/milk',
  'dairy/yoghurt',
  'fruit/apple',
  '饮料/茶',
  '零食/坚果',
  'home/paper',
];

export function createLoad(shape: LoadShape): Load {
  const rankOf = createRanks(shape.profiles);
  const draw = (index: number, purpose: number): number => unit(shape.seed, index, purpose);

  const textOf = (index: number, at: number): string => {
    if (shape.fills) return write(index, index % shape.profiles, 'product_viewed', at);
    const isDuplicate = index > DUPLICATE_REACH && draw(index, 1) < SHARE_DUPLICATE;
    const original = isDuplicate ? index - 1 - Math.floor(draw(index, 2) * DUPLICATE_REACH) : index;
    const isDisordered = draw(original, 3) < SHARE_DISORDERED;
    const lateMs = isDisordered ? 1_000 + Math.floor(draw(original, 4) * DISORDER_MS_MAX) : 0;
    const type = typeOf(draw(original, 5));
    return write(original, rankOf(draw(original, 6)), type, at - lateMs);
  };

  const write = (index: number, profile: number, type: string, at: number): string => {
    const sku = Math.floor(draw(index, 7) * SKUS);
    const price = (500 + ((sku * 7_919) % 20_000)) / 100;
    const head =
      `{"id":"${shape.run}-${index}","source":"${sourceOf(type)}","type":"${type}",` +
      `"at":"${new Date(at).toISOString()}","identifiers":[{"type":"member","value":"M${1_000_000 + profile}"}` +
      (type === 'order_paid' || type === 'store_visited'
        ? '],'
        : `,{"type":"device","value":"device-${shape.seed}-${profile}"}],`);
    if (type === 'store_visited') return `${head}"store":"S${profile % 50}","channel":"store"}`;
    if (type === 'product_searched') return `${head}"channel":"app","properties":{"query":"牛奶"}}`;
    const item =
      `"items":[{"sku":"SKU${sku}","quantity":1,"price":${price},` +
      `"category":"${CATEGORIES[sku % CATEGORIES.length] ?? ''}","brand":"brand-${sku % BRANDS}"}]`;
    const cart = `"cart":{"id":"cart-${profile}-${Math.floor(index / 50_000)}"}`;
    if (type === 'cart_added') return `${head}${cart},${item},"channel":"app"}`;
    if (type !== 'order_paid') return `${head}${item},"channel":"app"}`;
    const order = `"order":{"id":"O-${shape.run}-${index}","total":${price},"discount":0}`;
    return `${head}${order},${cart},${item},"channel":"app"}`;
  };
  return { textOf };
}

function typeOf(share: number): string {
  if (share < 0.7) return 'product_viewed';
  if (share < 0.82) return 'cart_added';
  if (share < 0.88) return 'order_paid';
  if (share < 0.96) return 'product_searched';
  return share < 0.98 ? 'link_clicked' : 'store_visited';
}

function sourceOf(type: string): string {
  if (type === 'order_paid') return 'order';
  return type === 'store_visited' ? 'pos' : 'app';
}

/** From a number in [0, 1) to a profile, the hot ones first. */
function createRanks(profiles: number): (share: number) => number {
  const sums = new Float64Array(profiles);
  let sum = 0;
  for (let rank = 0; rank < profiles; rank++) {
    sum += (rank + 51) ** -0.9;
    sums[rank] = sum;
  }
  return (share) => {
    const wanted = share * sum;
    let low = 0;
    let high = profiles - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((sums[middle] ?? 0) < wanted) low = middle + 1;
      else high = middle;
    }
    return low;
  };
}

/** A number in [0, 1) of three numbers: the finaliser of MurmurHash3 over a Weyl sequence. */
function unit(seed: number, index: number, purpose: number): number {
  let word = (Math.imul(index + 1, 0x9e3779b1) ^ Math.imul(seed + purpose * 7_919, 0x85ebca6b)) | 0;
  word = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  word = Math.imul(word ^ (word >>> 13), 0xc2b2ae35);
  return ((word ^ (word >>> 16)) >>> 0) / 2 ** 32;
}
