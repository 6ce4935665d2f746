import { describe, expect, it } from 'vitest';
import type { Action, ActionStep } from '../message.ts';
import {
  carry,
  contextOf,
  deliveryIdOf,
  moved,
  nextMove,
  type Carried,
  type Moved,
} from './carried.ts';

const action = (steps: readonly ActionStep[], history = false): Action => ({
  kind: 'action',
  tenant: 'default',
  id: 'A1',
  trigger: 'abandoned_cart',
  profile: '00',
  event: 'e1',
  anchor: 'e1',
  correlation: null,
  dueAt: null,
  decidedAt: 1,
  outcome: 'decided',
  reason: null,
  steps,
  recipients: [],
  context: '{"name":"张"}',
  history,
  receivedAt: null,
});

const coupon = { coupon: 'cart_saver_5' };
const push = { channel: 'push', fallback: ['wechat', 'sms'] };

/** Lets each thing happen in turn; answers the ids and outcomes of the deliveries. */
function play(steps: readonly ActionStep[], things: readonly Moved[], history = false): string[] {
  let carried: Carried = carry(action(steps, history));
  return things.map((what) => {
    const move = nextMove(carried);
    const doing =
      move.kind === 'issue' ? `issue ${move.coupon}` : move.kind === 'send' ? move.channel : 'done';
    const id = deliveryIdOf(carried);
    const step = moved(carried, what, [5_000, 300_000]);
    carried = step.next;
    return `${id} ${doing}: ${step.outcome}${step.waitMs === null ? '' : ` +${step.waitMs}`}`;
  });
}

describe('an action on its way', () => {
  it('issues the coupon first and gives its code to the message after it', () => {
    const issued = moved(carry(action([coupon, push])), { kind: 'issued', code: 'K7' }, []);
    expect(nextMove(issued.next)).toMatchObject({ kind: 'send', channel: 'push' });
    expect(contextOf(issued.next)).toEqual({
      name: '张',
      coupon: 'K7',
      coupons: { cart_saver_5: 'K7' },
    });
  });

  it('says nothing of a coupon it could not have', () => {
    const refused = moved(
      carry(action([coupon, push])),
      { kind: 'refused', reason: 'out_of_stock' },
      [],
    );
    expect(refused).toMatchObject({ outcome: 'rejected', reason: 'out_of_stock' });
    expect(nextMove(refused.next).kind).toBe('done');
  });

  it('tries again after each delay, then falls back, then ends', () => {
    const failed: Moved = { kind: 'rejected', reason: 'http_500', permanent: false };
    expect(play([push], [failed, failed, failed, { kind: 'accepted' }])).toEqual([
      'A1:0:1 push: failed +5000',
      'A1:0:2 push: failed +300000',
      'A1:0:3 push: failed',
      'A1:0.1:1 wechat: accepted',
    ]);
  });

  it('uses up no retry where nothing could be tried, and looks less and less often', () => {
    const away: Moved = { kind: 'postponed', reason: 'consent_unavailable' };
    const failed: Moved = { kind: 'rejected', reason: 'http_500', permanent: false };
    expect(play([push], [away, away, failed, away, failed, failed])).toEqual([
      'A1:0:1 push: failed +1000',
      'A1:0:2 push: failed +2000',
      'A1:0:3 push: failed +5000',
      'A1:0:4 push: failed +4000',
      'A1:0:5 push: failed +300000',
      'A1:0:6 push: failed',
    ]);
    const long = play(
      [coupon],
      Array.from({ length: 50 }, () => away),
    );
    expect(long.at(-1)).toBe('A1:0:50 issue cart_saver_5: failed +60000');
  });

  it('waits at least as long as the gateway asked', () => {
    const busy: Moved = {
      kind: 'rejected',
      reason: 'http_429',
      permanent: false,
      retryAfterMs: 60_000,
    };
    expect(play([push], [busy])).toEqual(['A1:0:1 push: failed +60000']);
  });

  it('does not try again what cannot succeed, and falls back at once', () => {
    const never: Moved = { kind: 'rejected', reason: 'no_address', permanent: true };
    const off: Moved = { kind: 'withheld', reason: 'channel_off' };
    expect(play([push], [never, off, never])).toEqual([
      'A1:0:1 push: rejected',
      'A1:0.1:1 wechat: withheld',
      'A1:0.2:1 sms: rejected',
    ]);
  });

  it('repeats an unknown outcome only where the receiver knows the id', () => {
    expect(play([push], [{ kind: 'unknown', reason: 'timeout', keyed: true }])).toEqual([
      'A1:0:1 push: unknown +5000',
    ]);
    expect(play([push, push], [{ kind: 'unknown', reason: 'timeout', keyed: false }])).toEqual([
      'A1:0:1 push: unknown',
    ]);
  });

  it('sends through log alone what an import decided', () => {
    expect(play([push], [{ kind: 'accepted' }], true)).toEqual(['A1:0:1 log: accepted']);
  });
});
