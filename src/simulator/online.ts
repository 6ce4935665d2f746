/**
 * Shopping in the app, the mini-program or the web shop: browse, log in or not, fill a cart, pay it
 * now, later or never. On a family's tablet a cart is filled only by someone who has logged in, so
 * that the one who pays is the one who filled it.
 */
import { tabletOf } from './identities.ts';
import { orderOf, regret, type Line } from './orders.ts';
import { itemOf, type Product } from './products.ts';
import { pickWeighted } from './random.ts';
import { deviceSlotOf, hasCard, phoneSlotOf } from './shoppers.ts';
import { join } from './turns.ts';
import { happen, onlyShared, own, withShared } from './visit.ts';
import type { Facts, Visit, Who } from './visit.ts';
import { CAMPAIGNS, QUERIES } from './world.ts';

interface People {
  /** Before logging in. */
  readonly guest: Who;
  readonly account: Who | undefined;
  /** Who stands in the order; the account unless checkout asks for more. */
  readonly payer: Who | undefined;
  readonly mayFillCartAsGuest: boolean;
}

const FATES = ['abandon', 'pay', 'come_back', 'empty'] as const;
const FATE_WEIGHTS = [44, 36, 13, 7];

export function shopOnline(visit: Visit): void {
  const { random } = visit;
  const people = peopleOf(visit);
  visit.who = people.guest;
  if (people.account !== undefined && random.chance(0.6)) visit.who = people.account;
  arrive(visit);
  browse(visit, random.between(1, 4));
  if (visit.who !== people.account && people.account !== undefined && random.chance(0.6)) {
    visit.who = people.account;
    happen(visit, 'app_login');
    browse(visit, random.between(0, 2));
  }
  const mayFillCart = visit.who === people.account || people.mayFillCartAsGuest;
  if (mayFillCart && random.chance(0.42)) fillCart(visit, people);
  else if (random.chance(0.06)) happen(visit, 'product_shared', looking(visit));
  const couldJoin = people.account === undefined && people.mayFillCartAsGuest;
  if (visit.mayJoin && visit.channel === 'app' && couldJoin && random.chance(0.3)) join(visit);
}

function peopleOf(visit: Visit): People {
  switch (visit.channel) {
    case 'mini_program':
      return miniProgramPeople(visit);
    case 'web':
      return webPeople(visit);
    default:
      return appPeople(visit);
  }
}

function appPeople(visit: Visit): People {
  const { shopper, at, random, world } = visit;
  const device = deviceSlotOf(shopper.turns, at);
  const isRegistered = at >= shopper.turns.registersAt;
  const slots = hasCard(shopper.kind) ? (['member', 'uid'] as const) : (['uid'] as const);
  if (shopper.kind === 'household' && random.chance(0.45)) {
    const shared = { kind: 'tablet', cluster: shopper.cluster } as const;
    const tablet = tabletOf(world.seed, shopper.cluster);
    const account = isRegistered ? withShared(own(visit, ...slots), shared, tablet) : undefined;
    const guest = onlyShared(shared, tablet);
    return { guest, account, payer: account, mayFillCartAsGuest: false };
  }
  const account = isRegistered ? own(visit, ...slots, device) : undefined;
  return { guest: own(visit, device), account, payer: account, mayFillCartAsGuest: true };
}

function miniProgramPeople(visit: Visit): People {
  const { shopper, at } = visit;
  const unionid = shopper.showsUnionid ? 'unionid' : undefined;
  const guest = own(visit, unionid, 'openidMini');
  const isBound = at >= shopper.turns.bindsWechatAt;
  const account = isBound ? own(visit, 'member', 'unionid', 'openidMini') : undefined;
  const payer = account ?? own(visit, unionid, phoneSlotOf(shopper, at), 'openidMini');
  return { guest, account, payer, mayFillCartAsGuest: true };
}

function webPeople(visit: Visit): People {
  const { shopper, at, random } = visit;
  const device = deviceSlotOf(shopper.turns, at);
  const guest = own(visit, device);
  const payer = random.chance(0.6) ? own(visit, phoneSlotOf(shopper, at), device) : guest;
  return { guest, account: undefined, payer, mayFillCartAsGuest: true };
}

function arrive(visit: Visit): void {
  const { random } = visit;
  if (visit.channel === 'app' && random.chance(0.12)) happen(visit, 'push_opened');
  const campaign: Facts = random.chance(0.1) ? { campaign: random.pick(CAMPAIGNS) } : {};
  if (visit.channel === 'app') happen(visit, 'app_opened', campaign);
  else happen(visit, 'page_viewed', { ...campaign, properties: { page: '首页' } });
  if (random.chance(0.35)) {
    happen(visit, 'product_searched', { properties: { query: random.pick(QUERIES) } });
  }
}

function browse(visit: Visit, views: number): void {
  for (let n = 0; n < views; n++) happen(visit, 'product_viewed', looking(visit));
}

const pickProduct = ({ world, random, shopper }: Visit): Product =>
  world.assortment.pick(random, shopper.favourites);

const looking = (visit: Visit): Facts => ({ items: pickProduct(visit).looked });

function fillCart(visit: Visit, people: People): void {
  const { random, pace } = visit;
  const cart = `C-${visit.name}`;
  const lines: Line[] = [];
  const wanted = random.between(1, 3);
  for (let n = 0; n < wanted; n++) {
    const line = { product: pickProduct(visit), quantity: random.chance(0.85) ? 1 : 2 };
    lines.push(line);
    happen(visit, 'cart_added', { items: [itemOf(line.product, line.quantity)], cart });
    if (random.chance(0.3)) happen(visit, 'product_viewed', looking(visit));
  }
  if (lines.length > 1 && random.chance(0.15)) removeLast(visit, lines, cart);
  const fate = FATES[pickWeighted(random, FATE_WEIGHTS)] ?? 'abandon';
  if (fate === 'empty') {
    while (lines.length > 0) removeLast(visit, lines, cart);
    return;
  }
  if (fate === 'abandon') {
    if (random.chance(0.4)) happen(visit, 'cart_viewed', { cart });
    if (random.chance(0.35)) happen(visit, 'checkout_started', checkoutOf(visit, lines, cart));
    return;
  }
  if (fate === 'come_back') {
    visit.at += pace.comeBack(random);
    happen(visit, 'cart_viewed', { cart });
  }
  pay(visit, people, { lines, cart });
}

function removeLast(visit: Visit, lines: Line[], cart: string): void {
  const line = lines.pop();
  if (line === undefined) return;
  happen(visit, 'cart_removed', { items: [itemOf(line.product, line.quantity)], cart });
}

const checkoutOf = (visit: Visit, lines: readonly Line[], cart: string): Facts => ({
  items: lines.map(({ product, quantity }) => itemOf(product, quantity)),
  cart,
  checkout: `K-${visit.name}`,
});

function pay(
  visit: Visit,
  people: People,
  bought: { readonly lines: readonly Line[]; readonly cart: string },
): void {
  const { random } = visit;
  const checkout = checkoutOf(visit, bought.lines, bought.cart);
  happen(visit, 'checkout_started', checkout);
  visit.who = people.payer ?? visit.who;
  const order = orderOf(visit, bought.lines);
  if (random.chance(0.25)) happen(visit, 'order_created', { ...checkout, order });
  happen(visit, 'order_paid', { ...checkout, order });
  if (order.coupons.length > 0 && random.chance(0.5)) {
    happen(visit, 'coupon_redeemed', { properties: { coupon: order.coupons[0] ?? '' } });
  }
  regret(visit, order, bought.lines);
}
