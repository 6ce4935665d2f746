/**
 * One move of an action, done: issue the coupon, or send through the channel unless something stands
 * before it (mode, consent, a variable that is missing). Every end is a value.
 */
import { isAllowed, type ChannelPlan } from '../src/domain/channels.ts';
import type { Carried, Move, Moved } from '../src/domain/dispatch/carried.ts';
import type { JsonObject } from '../src/domain/event.ts';
import type { Action } from '../src/domain/message.ts';
import type { Channel } from '../src/ports/channel.ts';
import type { Clock } from '../src/ports/clock.ts';
import type { CouponStore, IssueRequest } from '../src/ports/coupon-store.ts';

export interface CarryOutOptions {
  readonly coupons: CouponStore;
  readonly channels: ReadonlyMap<string, Channel>;
  readonly clock: Clock;
  readonly issueOf: IssueOf;
  /** The channels as the catalogue has them now: a mode acts at once. */
  readonly channelPlan: () => ChannelPlan;
  readonly render: Render;
  /** The shopper's latest word on this channel. */
  readonly consentOf: (
    tenant: string,
    profile: string,
    channel: string,
  ) => Promise<boolean | undefined>;
  /** Every profile that is this shopper by now, whichever of them is asked for. */
  readonly profilesOf: (tenant: string, profile: string) => Promise<readonly string[]>;
}

/** What to ask the coupon store for; undefined: the catalogue has no such coupon. */
export type IssueOf = (
  action: Action,
  coupon: string,
  now: number,
) => Omit<IssueRequest, 'mergedProfiles'> | undefined;

/** What to say, or why it cannot be said. */
export type Render = (
  carried: Carried,
  move: Extract<Move, { kind: 'send' }>,
) =>
  | { readonly ok: true; readonly content: JsonObject }
  | { readonly ok: false; readonly reason: string };

/** Never throws: what fails before the channel is called is tried again. */
export async function carryOut(
  options: CarryOutOptions,
  carried: Carried,
  move: Move,
): Promise<Moved> {
  if (move.kind === 'done') return { kind: 'withheld', reason: 'nothing_to_do' };
  if (move.kind === 'issue') return issue(options, carried, move.coupon);
  let withheld: string | null;
  try {
    withheld = await whyWithheld(options, carried, move.channel);
  } catch {
    return { kind: 'postponed', reason: 'consent_unavailable' };
  }
  if (withheld) return { kind: 'withheld', reason: withheld };
  const channel = options.channels.get(move.channel);
  if (!channel) return { kind: 'withheld', reason: 'channel_unknown' };
  let rendered: ReturnType<Render>;
  try {
    rendered = options.render(carried, move);
  } catch {
    return { kind: 'rejected', reason: 'render_failed', permanent: false };
  }
  if (!rendered.ok) return { kind: 'rejected', reason: rendered.reason, permanent: true };
  return send(options, carried, channel, rendered.content);
}

async function send(
  { clock }: CarryOutOptions,
  { action, step, attempt }: Carried,
  channel: Channel,
  content: JsonObject,
): Promise<Moved> {
  try {
    const answer = await channel.deliver({
      id: `${action.id}:${step}`,
      attempt,
      tenant: action.tenant,
      trigger: action.trigger,
      profile: action.profile,
      at: clock.now(),
      recipients: action.recipients,
      content,
    });
    return answer.kind === 'unknown' ? { ...answer, keyed: channel.keyed } : answer;
  } catch {
    // It may have been sent: only a channel that knows repeats may be asked again.
    return { kind: 'unknown', reason: 'channel_failed', keyed: channel.keyed };
  }
}

async function issue(options: CarryOutOptions, carried: Carried, name: string): Promise<Moved> {
  const { action } = carried;
  const now = action.history ? action.decidedAt : options.clock.now();
  try {
    const request = options.issueOf(action, name, now);
    if (!request) return { kind: 'refused', reason: 'coupon_unknown' };
    const mergedProfiles =
      request.perProfile === null ? [] : await options.profilesOf(action.tenant, action.profile);
    const answer = await options.coupons.issue({ ...request, mergedProfiles });
    if (answer.kind === 'refused') return { kind: 'refused', reason: answer.reason };
    return { kind: 'issued', code: answer.code };
  } catch {
    return { kind: 'postponed', reason: 'coupon_store_unavailable' };
  }
}

async function whyWithheld(
  options: CarryOutOptions,
  carried: Carried,
  name: string,
): Promise<string | null> {
  const plan = options.channelPlan();
  const channel = plan.channels.get(name);
  if (!channel) return 'channel_unknown';
  if (channel.mode === 'off') return 'channel_off';
  const { action } = carried;
  const isListed = (): boolean =>
    action.recipients.some((recipient) =>
      plan.testShoppers.some(
        (shopper) => shopper.type === recipient.type && shopper.value === recipient.value,
      ),
    );
  if (channel.mode === 'test' && !isListed()) return 'test_mode';
  if (channel.consent === 'none') return null;
  const consent = await options.consentOf(action.tenant, action.profile, name);
  const state = consent === undefined ? 'unknown' : consent ? 'granted' : 'withdrawn';
  return isAllowed(channel.consent, state) ? null : 'no_consent';
}
