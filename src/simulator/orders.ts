/**
 * What an order costs, and what becomes of it: few are cancelled, some come back in part or whole.
 * Money is exact in fen; only the last step makes decimals of it.
 */
import { DAY_MS, HOUR_MS, MINUTE_MS, isSaleDay } from './calendar.ts';
import { itemOf, type Product } from './products.ts';
import { happenLater, type OrderBody, type Visit } from './visit.ts';
import { COUPON_CODES } from './world.ts';

export interface Line {
  readonly product: Product;
  /** Pieces, or kilograms. */
  readonly quantity: number;
}

export function orderOf(visit: Visit, lines: readonly Line[]): OrderBody {
  const { random, shopper } = visit;
  let grossFen = 0;
  for (const line of lines) grossFen += lineFen(line);
  const coupons: string[] = [];
  let discountFen = 0;
  const saves = shopper.thrift * shopper.thrift + (isSaleDay(visit.at) ? 0.4 : 0);
  if (random.chance(saves)) {
    discountFen = Math.floor((grossFen * random.between(5, 45)) / 100);
    if (random.chance(0.7)) coupons.push(random.pick(COUPON_CODES));
  }
  return {
    id: `T-${visit.name}`,
    total: (grossFen - discountFen) / 100,
    discount: discountFen / 100,
    currency: 'CNY',
    coupons,
  };
}

/** Few cancel within the hour; some send a part or all of it back within days. */
export function regret(visit: Visit, order: OrderBody, lines: readonly Line[]): void {
  const { random } = visit;
  const name = { ...order, coupons: [] };
  if (random.chance(0.02)) {
    const at = visit.at + random.between(6 * MINUTE_MS, HOUR_MS);
    happenLater(visit, at, 'order_cancelled', { order: name });
  } else if (random.chance(0.05)) {
    const at = visit.at + random.between(DAY_MS, 9 * DAY_MS);
    const [first] = lines;
    const isPartial = first !== undefined && lines.length > 1 && random.chance(0.5);
    const items = (isPartial ? [first] : lines).map((one) => itemOf(one.product, one.quantity));
    const paidFen = Math.round(order.total * 100);
    const backFen = isPartial ? Math.min(paidFen, lineFen(first)) : paidFen;
    happenLater(visit, at, 'order_refunded', {
      order: { ...name, total: backFen / 100, discount: 0 },
      items,
    });
  }
}

const lineFen = ({ product, quantity }: Line): number => Math.round(product.priceFen * quantity);
