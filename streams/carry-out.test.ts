/** Whatever fails on the way to a channel is an outcome, not an error of the process. */
import { expect, it } from 'vitest';
import { createMemoryCouponStore } from '../src/adapters/memory/coupon-store.ts';
import { carry, nextMove } from '../src/domain/dispatch/carried.ts';
import type { Action } from '../src/domain/message.ts';
import type { DeliveryAnswer } from '../src/ports/channel.ts';
import { WeftError } from '../src/errors.ts';
import { carryOut, type CarryOutOptions } from './carry-out.ts';

const action: Action = {
  kind: 'action',
  tenant: 'default',
  id: 'a',
  trigger: 'welcome',
  profile: '00316680db3d0d1be59e',
  event: 'e1',
  anchor: 'e1',
  correlation: null,
  dueAt: null,
  decidedAt: 0,
  outcome: 'decided',
  reason: null,
  steps: [{ channel: 'push' }],
  recipients: [],
  context: '{}',
  history: false,
  receivedAt: null,
};
const fail = (): never => {
  throw new WeftError('projection_rebuilding', 'profiles of partition 0 are being rebuilt');
};

const move = async (more: Partial<CarryOutOptions>, given: Partial<Action> = {}) => {
  let sent = 0;
  const channel = {
    name: 'push',
    keyed: false,
    retryDelaysMs: [1_000],
    async deliver(): Promise<DeliveryAnswer> {
      sent += 1;
      return { kind: 'accepted' };
    },
    close: async () => {},
  };
  const carried = carry({ ...action, ...given });
  const options: CarryOutOptions = {
    coupons: createMemoryCouponStore(),
    channels: new Map([['push', channel]]),
    channelPlan: () => ({
      channels: new Map([
        [
          'push',
          {
            name: 'push',
            kind: 'log',
            mode: 'live',
            consent: 'opt_out',
            url: null,
            secretEnv: null,
          },
        ],
      ]),
      testShoppers: [],
    }),
    clock: { now: () => 1_000, after: () => () => undefined },
    issueOf: () => undefined,
    render: () => ({ ok: true, content: {} }),
    consentOf: async () => undefined,
    profilesOf: async (_, pid) => [pid],
    ...more,
  };
  return { answer: await carryOut(options, carried, nextMove(carried)), sent };
};

it('a consent that cannot be looked up sends nothing, and is asked for again', async () => {
  expect(await move({ consentOf: fail })).toEqual({
    answer: { kind: 'postponed', reason: 'consent_unavailable' },
    sent: 0,
  });
});

it('a text that cannot be made and a coupon that cannot be asked for are tried again', async () => {
  expect(await move({ render: fail })).toMatchObject({
    answer: { reason: 'render_failed', permanent: false },
    sent: 0,
  });
  expect(await move({ issueOf: fail }, { steps: [{ coupon: 'five_off' }] })).toMatchObject({
    answer: { kind: 'postponed', reason: 'coupon_store_unavailable' },
  });
});

it('a coupon limited by shopper is asked for with all profiles the shopper was', async () => {
  const coupons = createMemoryCouponStore();
  const issueOf: CarryOutOptions['issueOf'] = ({ tenant, id, profile }, coupon, at) => ({
    tenant,
    coupon,
    action: id,
    profile,
    at,
    expiresAt: null,
    madeCode: `CODE-${id}`,
    stock: null,
    perProfile: 1,
  });
  const profilesOf = async () => ['p', 'q'];
  const steps = [{ coupon: 'five_off' }];
  const under = (id: string, profile: string) =>
    move({ coupons, issueOf, profilesOf }, { id, profile, steps });
  expect(await under('a', 'q')).toMatchObject({ answer: { kind: 'issued' } });
  expect(await under('b', 'p')).toMatchObject({ answer: { reason: 'profile_limit' } });
});

it('a channel that throws may have sent: the outcome is unknown', async () => {
  const channel = {
    name: 'push',
    keyed: false,
    retryDelaysMs: [],
    deliver: fail,
    close: async () => {},
  };
  expect(await move({ channels: new Map([['push', channel]]) })).toMatchObject({
    answer: { kind: 'unknown', reason: 'channel_failed', keyed: false },
  });
});
