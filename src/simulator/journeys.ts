/** What a shopper of each kind is likely to do, and the visit that comes of it. */
import { beSocial, buyAtTill, buyOnMarketplace, crawl, useKiosk } from './elsewhere.ts';
import { shopOnline } from './online.ts';
import { pickWeighted, type Random } from './random.ts';
import { hasCard, type Shopper } from './shoppers.ts';
import type { Pace, Visit } from './visit.ts';
import type { World } from './world.ts';

const JOURNEYS = ['app', 'mini_program', 'web', 'till', 'kiosk', 'marketplace', 'social'] as const;
type Journey = (typeof JOURNEYS)[number] | 'crawl';

export interface Beginning {
  readonly world: World;
  readonly random: Random;
  readonly pace: Pace;
  readonly name: string;
  readonly shopper: Shopper;
  readonly at: number;
  readonly mayJoin: boolean;
}

/** An empty visit: nobody has done anything yet. */
export function begin(beginning: Beginning): Visit {
  // Spelt out: spread objects have no fixed shape, and all that follows would be slow.
  const { world, random, pace, name, shopper, at, mayJoin } = beginning;
  return {
    world,
    random,
    pace,
    name,
    shopper,
    at,
    mayJoin,
    who: NOBODY,
    source: 'app',
    channel: 'app',
    store: undefined,
    hasJoined: false,
    drafts: [],
    afterwards: [],
  };
}

const NOBODY = { identifiers: [], lane: 0, mask: 0, shared: undefined };

export function act(visit: Visit): void {
  const { random, shopper, world } = visit;
  const journey = journeyOf(shopper, visit.at, random);
  switch (journey) {
    case 'app':
    case 'mini_program':
    case 'web':
      visit.channel = journey;
      shopOnline(visit);
      return;
    case 'till':
      visit.channel = 'store';
      visit.store = random.chance(0.8) ? shopper.homeStore : shopper.otherStore;
      buyAtTill(visit);
      return;
    case 'kiosk':
      visit.channel = 'store';
      useKiosk(visit, random.pick(world.kiosks));
      return;
    case 'marketplace':
      visit.channel = 'marketplace';
      buyOnMarketplace(visit);
      return;
    case 'social':
      visit.channel = 'wechat';
      beSocial(visit);
      return;
    case 'crawl':
      visit.channel = 'web';
      crawl(visit);
      return;
  }
}

function journeyOf(shopper: Shopper, at: number, random: Random): Journey {
  if (shopper.kind === 'bot') return 'crawl';
  const isMember = hasCard(shopper.kind) && at >= shopper.turns.registersAt;
  const weights = [
    shopper.usesApp ? 34 : 0,
    shopper.usesWechat ? 14 : 0,
    shopper.kind === 'guest' ? 40 : 0,
    hasCard(shopper.kind) ? 34 : tillWeight(shopper),
    isMember ? 4 : 0,
    shopper.usesMarketplace ? 8 : 0,
    shopper.usesWechat ? 7 : 0,
  ];
  return JOURNEYS[pickWeighted(random, weights)] ?? 'web';
}

const tillWeight = ({ kind }: Shopper): number => (kind === 'app' ? 4 : 0);
