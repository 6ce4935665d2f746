/**
 * Shopping at the till, at a kiosk, on a marketplace, and what people do on social media; and the
 * robot that only looks. Each writes one visit.
 */
import { MINUTE_MS } from './calendar.ts';
import { asTyped, familyPhoneOf, maskedPhone, virtualPhone } from './identities.ts';
import { orderOf, regret, type Line } from './orders.ts';
import { itemOf } from './products.ts';
import { deviceSlotOf, hasCard, phoneSlotOf } from './shoppers.ts';
import { asOtherForm, happen, happenLater, onlyShared, own, withShared } from './visit.ts';
import type { Pace, Visit, Who } from './visit.ts';
import { LIVE_ROOMS, QUERIES, type Kiosk } from './world.ts';

/** Of what costs more, people take one. */
const DEAR_FEN = 20_000;

export function buyAtTill(visit: Visit): void {
  const { random, shopper } = visit;
  if (shopper.usesApp && random.chance(0.2)) comeIn(visit);
  visit.source = 'pos';
  visit.who = atTill(visit);
  const lines = basketOf(visit, random.between(1, 8));
  const order = orderOf(visit, lines);
  const items = lines.map(({ product, quantity }) => itemOf(product, quantity));
  happen(visit, 'order_paid', { order, items });
  regret(visit, order, lines);
  if (hasCard(shopper.kind) && random.chance(0.25)) {
    visit.source = 'crm';
    visit.who = own(visit, 'member');
    const at = visit.at + random.between(2 * MINUTE_MS, 7 * MINUTE_MS);
    const points = Math.floor(order.total);
    happenLater(visit, at, 'points_earned', { properties: { points } });
  }
}

/** The app notices the store. */
function comeIn(visit: Visit): void {
  const { shopper, at } = visit;
  if (at < shopper.turns.registersAt) return;
  const device = deviceSlotOf(shopper.turns, at);
  visit.who = hasCard(shopper.kind)
    ? own(visit, 'member', 'uid', device)
    : own(visit, 'uid', device);
  happen(visit, 'store_visited');
}

/** A card, a card and the number, or the number alone, in whatever form it is typed. */
function atTill(visit: Visit): Who {
  const { random, shopper, at, world } = visit;
  const phone = phoneSlotOf(shopper, at);
  const isMember = hasCard(shopper.kind) && at >= shopper.turns.registersAt;
  const way = random.next();
  if (shopper.hasFamilyPhone && (way < 0.4 || !isMember)) {
    const shared = { kind: 'family_phone', cluster: shopper.cluster } as const;
    const number = familyPhoneOf(world.seed, shopper.cluster);
    return way < 0.05 || !isMember
      ? onlyShared(shared, number)
      : withShared(own(visit, 'member'), shared, number);
  }
  if (!isMember) return own(visit, phone);
  if (phone === undefined || way < 0.5) return own(visit, 'member');
  if (way < 0.86) return own(visit, 'member', phone);
  const alone = own(visit, phone);
  const [sent] = alone.identifiers;
  if (sent === undefined || way < 0.95) return alone;
  return asOtherForm(alone, [asTyped(sent, random)]);
}

function basketOf(visit: Visit, size: number): readonly Line[] {
  const { random, world, shopper } = visit;
  const lines: Line[] = [];
  while (lines.length < size) {
    const product = world.assortment.pick(random, shopper.favourites);
    const pieces = product.priceFen > DEAR_FEN ? 1 : random.between(1, 3);
    // Half a pound to two kilograms, in grams.
    const quantity = product.weighed ? random.between(250, 2_000) / 1_000 : pieces;
    lines.push({ product, quantity });
  }
  return lines;
}

export function useKiosk(visit: Visit, kiosk: Kiosk): void {
  const { random } = visit;
  visit.source = 'pos';
  visit.store = kiosk.store;
  const shared = { kind: 'kiosk', kiosk: kiosk.number } as const;
  const isAnonymous = random.chance(0.1);
  visit.who = isAnonymous
    ? onlyShared(shared, kiosk.identifier)
    : withShared(own(visit, 'member'), shared, kiosk.identifier);
  happen(visit, 'page_viewed', { properties: { page: '自助查询机' } });
  if (random.chance(0.5)) {
    happen(visit, 'product_searched', { properties: { query: random.pick(QUERIES) } });
  }
  if (!isAnonymous && random.chance(0.2)) {
    happen(visit, 'points_redeemed', { properties: { points: random.between(1, 20) * 100 } });
  }
}

export function buyOnMarketplace(visit: Visit): void {
  const { random, shopper, world } = visit;
  visit.source = 'order';
  const buyer = own(visit, shopper.number % 4 === 0 ? 'jd' : 'tmall');
  const phone = random.chance(0.3)
    ? virtualPhone(random.below(80_000_000), random.below(9_000))
    : maskedPhone(world.seed, shopper.number);
  visit.who = random.chance(0.9) ? { ...buyer, identifiers: [...buyer.identifiers, phone] } : buyer;
  const lines = basketOf(visit, random.between(1, 3));
  const order = orderOf(visit, lines);
  const items = lines.map(({ product, quantity }) => itemOf(product, quantity));
  happen(visit, 'order_created', { order, items });
  if (random.chance(0.06)) {
    happenLater(visit, visit.at + 20 * MINUTE_MS, 'order_cancelled', { order });
    return;
  }
  happen(visit, 'order_paid', { order, items });
  regret(visit, order, lines);
}

export function beSocial(visit: Visit): void {
  const { random, shopper } = visit;
  visit.source = 'social';
  visit.who = own(visit, shopper.showsUnionid ? 'unionid' : undefined, 'openidMp');
  if (random.chance(0.3)) {
    const properties = { room: random.pick(LIVE_ROOMS) };
    happen(visit, 'live_joined', { properties });
    const times = random.between(1, 6);
    for (let n = 0; n < times; n++) happen(visit, 'live_interacted', { properties });
    return;
  }
  if (random.chance(0.12)) happen(visit, random.chance(0.75) ? 'followed' : 'unfollowed');
  const posts = random.between(1, 3);
  for (let n = 0; n < posts; n++) {
    const properties = { post: `post-${random.between(1, 400)}` };
    happen(visit, random.chance(0.8) ? 'post_liked' : 'post_commented', { properties });
  }
  if (random.chance(0.2)) happen(visit, 'link_clicked', { properties: { link: '公众号文章' } });
  if (random.chance(0.1))
    happen(visit, 'message_received', { properties: { text: '想问下有货吗' } });
}

const BOT_PACE: Pace = {
  step: (random) => random.between(2_000, 2_400),
  change: (random) => random.between(2_000, 2_400),
  comeBack: () => 0,
};

/** One product every two seconds, at times more than six hundred of them. */
export function crawl(visit: Visit): void {
  const { random, world } = visit;
  visit.pace = BOT_PACE;
  visit.who = own(visit, deviceSlotOf(visit.shopper.turns, visit.at));
  const views = random.chance(0.06) ? random.between(620, 700) : random.between(20, 60);
  for (let n = 0; n < views; n++) {
    happen(visit, 'product_viewed', { items: world.assortment.pick(random, []).looked });
  }
}
