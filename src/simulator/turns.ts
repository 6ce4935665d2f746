/**
 * The turns of a shopper's life as the retailer's membership system reports them: registered, bound an
 * account, changed a number, took over a number somebody else had. They join identifiers that
 * visits alone would leave apart.
 */
import { deviceSlotOf, hasCard, phoneSlotOf } from './shoppers.ts';
import type { Turns } from './shoppers.ts';
import { happen, own, type Visit } from './visit.ts';

export const TURNS = ['register', 'bind_wechat', 'bind_buyer', 'new_phone', 'take_over'] as const;
export type Turn = (typeof TURNS)[number];

/** When each happens; infinite: it does not. `former_owner` does not take over. */
export function momentOf(turns: Turns, turn: Turn): number {
  switch (turn) {
    case 'register':
      return turns.registersAt;
    case 'bind_wechat':
      return turns.bindsWechatAt;
    case 'bind_buyer':
      return turns.bindsBuyerAt;
    case 'new_phone':
      return turns.changesPhoneAt;
    case 'take_over':
      return turns.numberMovesAt;
  }
}

export function report(visit: Visit, turn: Turn): void {
  visit.source = 'crm';
  visit.channel = 'service';
  switch (turn) {
    case 'register':
      join(visit);
      return;
    case 'bind_wechat':
      visit.who = own(visit, 'member', 'unionid', 'openidMini');
      happen(visit, 'member_updated', { properties: { bound: 'wechat' } });
      return;
    case 'bind_buyer':
      visit.who = own(visit, 'member', visit.shopper.number % 4 === 0 ? 'jd' : 'tmall');
      happen(visit, 'member_updated', { properties: { bound: 'marketplace' } });
      return;
    case 'new_phone':
      visit.who = own(visit, 'member', 'newPhone');
      happen(visit, 'member_updated', { properties: { changed: 'phone' } });
      return;
    case 'take_over': {
      const who = own(visit, 'member', 'phone');
      const [member, phone] = who.identifiers;
      if (member === undefined || phone === undefined) return;
      visit.who = { ...who, identifiers: [member, { ...phone, verified: true }], rebinds: true };
      happen(visit, 'member_updated', { properties: { changed: 'phone' } });
      return;
    }
  }
}

/** A card or an account, with all that is known of the person; and a word on being written to. */
export function join(visit: Visit): void {
  const { shopper, at, random } = visit;
  visit.source = 'crm';
  visit.channel = 'service';
  visit.hasJoined = true;
  const device = shopper.usesApp ? deviceSlotOf(shopper.turns, at) : undefined;
  const phone = phoneSlotOf(shopper, at);
  const account = shopper.usesApp ? 'uid' : undefined;
  visit.who = own(visit, hasCard(shopper.kind) ? 'member' : undefined, account, phone, device);
  happen(visit, 'member_registered', { properties: { city: random.pick(CITIES) } });
  const channel = random.pick(['push', 'sms', 'wechat']);
  const granted = random.chance(0.8);
  happen(visit, 'consent_changed', {
    properties: { channel, purpose: 'marketing', granted, source: 'registration' },
  });
  if (random.chance(0.3)) {
    const birthday = `${random.between(1960, 2005)}-0${random.between(1, 9)}-15`;
    happen(visit, 'profile_updated', { properties: { birthday } });
  }
}

const CITIES = ['上海', '杭州', '成都', '武汉', '西安', '广州', '苏州', '青岛'] as const;
