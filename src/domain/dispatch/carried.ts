/**
 * An action on its way: which step, which attempt, what came of the steps before. Pure: the stage
 * does what `nextMove` says and tells `moved` what happened. Steps run in order; a coupon that cannot
 * be had withholds the steps after it, as they would speak of it.
 */
import type { Action, ActionStep, Delivery, DeliveryOutcome } from '../message.ts';
import type { JsonObject } from '../event.ts';

export interface Carried {
  readonly action: Action;
  readonly step: number;
  /** 0: the step's own channel; n: its n-th fallback. */
  readonly fallback: number;
  /** From 1. */
  readonly attempt: number;
  /** Coupon name → code, issued by earlier steps. */
  readonly codes: Readonly<Record<string, string>>;
}

export type Move =
  | { readonly kind: 'issue'; readonly coupon: string }
  | { readonly kind: 'send'; readonly channel: string; readonly step: ChannelStep }
  | { readonly kind: 'done' };

export type ChannelStep = Extract<ActionStep, { channel: string }>;

/** What came of a move. */
export type Moved =
  | { readonly kind: 'issued'; readonly code: string }
  | { readonly kind: 'refused'; readonly reason: string }
  /** Not sent, on purpose: the channel is off, in test, or the shopper took consent back. */
  | { readonly kind: 'withheld'; readonly reason: string }
  | { readonly kind: 'accepted' }
  | {
      readonly kind: 'rejected';
      readonly reason: string;
      readonly permanent: boolean;
      readonly retryAfterMs?: number;
    }
  | { readonly kind: 'unknown'; readonly reason: string; readonly keyed: boolean };

export interface Step {
  readonly next: Carried;
  readonly outcome: DeliveryOutcome;
  readonly reason: string | null;
  readonly code: string | null;
  /** Wait this long before the next move; null: go on at once. */
  readonly waitMs: number | null;
}

export const carry = (action: Action): Carried => ({
  action,
  step: 0,
  fallback: 0,
  attempt: 1,
  codes: {},
});

export function nextMove(carried: Carried): Move {
  const step = carried.action.steps[carried.step];
  if (step === undefined) return { kind: 'done' };
  if ('coupon' in step) return { kind: 'issue', coupon: step.coupon };
  return { kind: 'send', channel: channelOf(carried, step), step };
}

/** `retryDelaysMs`: the channel's, already spread by jitter. */
export function moved(carried: Carried, what: Moved, retryDelaysMs: readonly number[]): Step {
  const step = (outcome: DeliveryOutcome, next: Carried, more: Partial<Step> = {}): Step => ({
    next,
    outcome,
    reason: 'reason' in what ? what.reason : null,
    code: null,
    waitMs: null,
    ...more,
  });
  switch (what.kind) {
    case 'issued': {
      const codes = { ...carried.codes, [couponOf(carried)]: what.code };
      return step('issued', { ...toNextStep(carried), codes }, { code: what.code });
    }
    case 'refused':
      return step('rejected', toEnd(carried));
    case 'withheld':
      return step('withheld', afterFailure(carried));
    case 'accepted':
      return step('accepted', toNextStep(carried));
    case 'unknown':
      if (!what.keyed) return step('unknown', toNextStep(carried));
      return step('unknown', ...retry(carried, retryDelaysMs, undefined));
    case 'rejected':
      if (what.permanent) return step('rejected', afterFailure(carried));
      return step('failed', ...retry(carried, retryDelaysMs, what.retryAfterMs));
  }
}

export const deliveryIdOf = ({ action, step, fallback, attempt }: Carried): string =>
  `${action.id}:${step}${fallback > 0 ? `.${fallback}` : ''}:${attempt}`;

/** The delivery that records one move. */
export function deliveryOf(
  carried: Carried,
  result: Pick<Step, 'outcome' | 'reason' | 'code'>,
  when: { readonly at: number; readonly durationMs: number },
): Delivery {
  const move = nextMove(carried);
  const { action } = carried;
  return {
    kind: 'delivery',
    tenant: action.tenant,
    id: deliveryIdOf(carried),
    action: action.id,
    trigger: action.trigger,
    profile: action.profile,
    step: carried.step,
    channel:
      move.kind === 'issue' ? `coupon:${move.coupon}` : move.kind === 'send' ? move.channel : '',
    attempt: carried.attempt,
    outcome: result.outcome,
    reason: result.reason,
    code: result.code,
    ...when,
  };
}

/** What templates may use: the action's context and the codes issued so far. */
export const contextOf = (carried: Carried): JsonObject => ({
  ...(JSON.parse(carried.action.context) as JsonObject),
  coupons: carried.codes,
  coupon: Object.values(carried.codes)[0] ?? null,
});

const channelOf = (carried: Carried, step: ChannelStep): string =>
  carried.action.history
    ? 'log'
    : ([step.channel, ...(step.fallback ?? [])][carried.fallback] ?? step.channel);

const couponOf = (carried: Carried): string => {
  const step = carried.action.steps[carried.step];
  return step && 'coupon' in step ? step.coupon : '';
};

const toNextStep = (carried: Carried): Carried => ({
  ...carried,
  step: carried.step + 1,
  fallback: 0,
  attempt: 1,
});

const toEnd = (carried: Carried): Carried => ({ ...carried, step: carried.action.steps.length });

/** The next fallback of the step, else the next step. */
function afterFailure(carried: Carried): Carried {
  const step = carried.action.steps[carried.step];
  const fallbacks = step && 'channel' in step ? (step.fallback?.length ?? 0) : 0;
  if (carried.action.history || carried.fallback >= fallbacks) return toNextStep(carried);
  return { ...carried, fallback: carried.fallback + 1, attempt: 1 };
}

function retry(
  carried: Carried,
  delaysMs: readonly number[],
  retryAfterMs: number | undefined,
): [Carried, Partial<Step>] {
  const delayMs = delaysMs[carried.attempt - 1];
  if (delayMs === undefined) return [afterFailure(carried), {}];
  const waitMs = Math.max(delayMs, retryAfterMs ?? 0);
  return [{ ...carried, attempt: carried.attempt + 1 }, { waitMs }];
}
