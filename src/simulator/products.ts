/**
 * What the retailer sells: a few hundred products on category paths. Brands are made up. Prices are
 * integer fen here and decimals in the items of an event, as the edge takes them.
 */
import { createRandom, createZipf, type Random } from './random.ts';
import { SHELVES, type Shelf } from './shelves.ts';

/** One line of an event, as JSON. */
export type ItemBody = {
  readonly sku: string;
  readonly name: string;
  readonly category: string;
  readonly brand: string;
  readonly quantity: number;
  readonly price: number;
};

export interface Product {
  readonly sku: string;
  readonly name: string;
  readonly category: string;
  readonly brand: string;
  readonly priceFen: number;
  /** Sold by weight: quantities are kilograms. */
  readonly weighed: boolean;
  /** The items of an event that only looks at it; shared by all such events. */
  readonly looked: readonly ItemBody[];
}

export interface Assortment {
  readonly products: readonly Product[];
  readonly categories: readonly string[];
  /** Popular products often, the long tail seldom; two in three from the categories one likes. */
  pick(random: Random, favourites: readonly number[]): Product;
}

const FAVOURITE_SHARE = 0.65;

export function createAssortment(seed: number): Assortment {
  const random = createRandom(seed, 0x70726f64);
  let number = 0;
  const byCategory = SHELVES.map((shelf) =>
    stock(shelf, random).map((goods) => withSku(goods, ++number)),
  );
  const products = byCategory.flat();
  const popular = shuffle(products, random);
  const rankOverall = createZipf(products.length, 1);
  const rankWithin = byCategory.map((list) => createZipf(list.length, 1));
  return {
    products,
    categories: SHELVES.map((shelf) => shelf.category),
    pick(draw, favourites) {
      const favourite = favourites.length > 0 && draw.chance(FAVOURITE_SHARE);
      if (!favourite) return popular[rankOverall(draw)] as Product;
      const category = draw.pick(favourites);
      const rank = rankWithin[category] as (random: Random) => number;
      return (byCategory[category] as readonly Product[])[rank(draw)] as Product;
    },
  };
}

export function itemOf(product: Product, quantity: number): ItemBody {
  return {
    sku: product.sku,
    name: product.name,
    category: product.category,
    brand: product.brand,
    quantity,
    price: product.priceFen / 100,
  };
}

type Goods = Omit<Product, 'sku' | 'looked'>;

function stock(shelf: Shelf, random: Random): readonly Goods[] {
  return shelf.goods.flatMap((goods) =>
    shelf.sizes.map((size) => {
      const brand = random.pick(shelf.brands);
      const fen = random.between(shelf.from * 10, shelf.to * 10) * 10;
      return {
        name: `${brand}${goods} ${size}`.trim(),
        category: shelf.category,
        brand,
        // Prices end in .90 or .80, as on any shelf.
        priceFen: Math.max(90, fen - (fen % 100) + (random.chance(0.7) ? 90 : 80)),
        weighed: shelf.weighed ?? false,
      };
    }),
  );
}

function withSku(goods: Goods, number: number): Product {
  const sku = `P${String(number).padStart(4, '0')}`;
  const bare = { ...goods, sku, looked: [] };
  return { ...bare, looked: [itemOf(bare, 1)] };
}

function shuffle<T>(list: readonly T[], random: Random): readonly T[] {
  const shuffled = [...list];
  for (let last = shuffled.length - 1; last > 0; last--) {
    const other = random.below(last + 1);
    const held = shuffled[last] as T;
    shuffled[last] = shuffled[other] as T;
    shuffled[other] = held;
  }
  return shuffled;
}
