/**
 * An action on its way: which step, which attempt, what came of the steps before. Pure: the stage
 * does what `nextMove` says and tells `moved` what happened. Steps run in order; a coupon that cannot
 * be had withholds the steps after it, as they would speak of it.
 */
import type { Action, ActionStep, Delivery, DeliveryOutcome } from '../message.ts';
import type { Json, JsonObject } from '../event.ts';

export interface Carried {
  readonly action: Action;
  readonly step: number;
  /** 0: the step's own channel; n: its n-th fallback. */
  readonly fallback: number;
  /** From 1. */
  readonly attempt: number;
  /** How many of the attempts so far were put off: they use up no retry. */
  readonly postponed: number;
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
  /** Nothing was tried: what must be asked before did not answer. It is tried until it does. */
  | { readonly kind: 'postponed'; readonly reason: string }
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
  postponed: 0,
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
  switch (what.kind) {
    case 'issued': {
      const codes = { ...carried.codes, [couponOf(carried)]: what.code };
      return step(toStep(carried, carried.step + 1, codes), 'issued', null, what.code);
    }
    case 'refused':
      return step(toEnd(carried), 'rejected', what.reason);
    case 'withheld':
      return step(afterFailure(carried), 'withheld', what.reason);
    case 'postponed':
      return postpone(carried, what.reason);
    case 'accepted':
      return step(toNextStep(carried), 'accepted', null);
    case 'unknown':
      if (!what.keyed) return step(toNextStep(carried), 'unknown', what.reason);
      return retry(carried, { outcome: 'unknown', reason: what.reason, delaysMs: retryDelaysMs });
    case 'rejected': {
      const { reason } = what;
      if (what.permanent) return step(afterFailure(carried), 'rejected', reason);
      const atLeastMs = what.retryAfterMs ?? 0;
      return retry(carried, { outcome: 'failed', reason, delaysMs: retryDelaysMs, atLeastMs });
    }
  }
}

const step = (
  next: Carried,
  outcome: DeliveryOutcome,
  reason: string | null,
  code: string | null = null,
): Step => ({ next, outcome, reason, code, waitMs: null });

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
    at: when.at,
    durationMs: when.durationMs,
  };
}

/** What templates may use: the action's context and the codes issued so far. */
export function contextOf({ action, codes }: Carried): JsonObject {
  // Put into what was parsed just now: to spread it into another object costs 16 µs.
  const context = JSON.parse(action.context) as Record<string, Json>;
  context['coupons'] = codes;
  context['coupon'] = Object.values(codes)[0] ?? null;
  return context;
}

const channelOf = (carried: Carried, step: ChannelStep): string =>
  carried.action.history
    ? 'log'
    : ([step.channel, ...(step.fallback ?? [])][carried.fallback] ?? step.channel);

const couponOf = (carried: Carried): string => {
  const step = carried.action.steps[carried.step];
  return step && 'coupon' in step ? step.coupon : '';
};

// Each is one literal with every key: to spread an object into another costs 16 µs.

const toStep = ({ action }: Carried, index: number, codes: Carried['codes']): Carried => ({
  action,
  step: index,
  fallback: 0,
  attempt: 1,
  postponed: 0,
  codes,
});

const toNextStep = (carried: Carried): Carried => toStep(carried, carried.step + 1, carried.codes);

const toEnd = ({ action, fallback, attempt, postponed, codes }: Carried): Carried => ({
  action,
  step: action.steps.length,
  fallback,
  attempt,
  postponed,
  codes,
});

/** The next fallback of the step, else the next step. */
function afterFailure(carried: Carried): Carried {
  const { action, step: index, fallback, codes } = carried;
  const failed = action.steps[index];
  const fallbacks = failed && 'channel' in failed ? (failed.fallback?.length ?? 0) : 0;
  if (action.history || fallback >= fallbacks) return toNextStep(carried);
  return { action, step: index, fallback: fallback + 1, attempt: 1, postponed: 0, codes };
}

const POSTPONED_MS_FIRST = 1_000;
const POSTPONED_MS_MAX = 60_000;

function postpone(carried: Carried, reason: string): Step {
  const { action, step: index, fallback, attempt, postponed, codes } = carried;
  const waitMs = Math.min(POSTPONED_MS_MAX, POSTPONED_MS_FIRST * 2 ** Math.min(postponed, 10));
  const next = {
    action,
    step: index,
    fallback,
    attempt: attempt + 1,
    postponed: postponed + 1,
    codes,
  };
  return { next, outcome: 'failed', reason, code: null, waitMs };
}

interface Retry {
  readonly outcome: DeliveryOutcome;
  readonly reason: string;
  readonly delaysMs: readonly number[];
  readonly atLeastMs?: number;
}

function retry(carried: Carried, { outcome, reason, delaysMs, atLeastMs = 0 }: Retry): Step {
  const { action, step: index, fallback, attempt, postponed, codes } = carried;
  const delayMs = delaysMs[attempt - 1 - postponed];
  if (delayMs === undefined) return step(afterFailure(carried), outcome, reason);
  const next = { action, step: index, fallback, attempt: attempt + 1, postponed, codes };
  return { next, outcome, reason, code: null, waitMs: Math.max(delayMs, atLeastMs) };
}
