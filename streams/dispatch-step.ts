/**
 * One move of one action, from what the ledger holds of it to what the ledger and the log shall hold:
 * the entry to write, the delivery to tell, the event of a coupon that was issued.
 */
import {
  deliveryIdOf,
  deliveryOf,
  moved,
  nextMove,
  type Carried,
  type Move,
} from '../src/domain/dispatch/carried.ts';
import { hash32 } from '../src/domain/hash.ts';
import type { Action, Delivery, StitchedEvent } from '../src/domain/message.ts';
import type { DispatchEntry } from '../src/ports/dispatch-ledger.ts';
import { carryOut, type CarryOutOptions } from './carry-out.ts';

export interface StepTaken {
  readonly next: Carried;
  readonly entry: DispatchEntry;
  readonly delivery: Delivery;
  readonly issued: StitchedEvent | null;
}

/** Never throws. */
export async function takeStep(options: CarryOutOptions, carried: Carried): Promise<StepTaken> {
  const move = nextMove(carried);
  const startedAt = options.clock.now();
  const what = await carryOut(options, carried, move);
  const mayRetry = move.kind === 'send' && (what.kind === 'rejected' || what.kind === 'unknown');
  const delaysMs = mayRetry ? options.channels.get(move.channel)?.retryDelaysMs : undefined;
  const delays = (delaysMs ?? []).map((ms) => spread(ms, deliveryIdOf(carried)));
  const result = moved(carried, what, delays);
  const at = options.clock.now();
  const isDone = nextMove(result.next).kind === 'done';
  const state = isDone ? 'done' : result.waitMs === null ? 'open' : 'waiting';
  return {
    next: result.next,
    entry: entryOf(result.next, state, at + (result.waitMs ?? 0)),
    delivery: deliveryOf(carried, result, { at, durationMs: at - startedAt }),
    issued: what.kind === 'issued' ? issuedEvent(carried, move, what.code, at) : null,
  };
}

export const entryOf = (
  carried: Carried,
  state: DispatchEntry['state'],
  nextTryAt: number,
): DispatchEntry => ({
  tenant: carried.action.tenant,
  id: carried.action.id,
  value: state === 'done' ? NOTHING : ENCODER.encode(textOf(carried)),
  state,
  nextTryAt: state === 'done' ? null : nextTryAt,
  lane: laneOf(carried),
});

/** As JSON. That of the action itself, which is nearly all of it, is made once for all its steps. */
function textOf({ action, step, fallback, attempt, codes }: Carried): string {
  let text = actionTexts.get(action);
  if (text === undefined) actionTexts.set(action, (text = JSON.stringify(action)));
  const where = `"step":${step},"fallback":${fallback},"attempt":${attempt}`;
  return `{"action":${text},${where},"codes":${JSON.stringify(codes)}}`;
}

const actionTexts = new WeakMap<Action, string>();
const NOTHING = new Uint8Array();
const ENCODER = new TextEncoder();
const DECODER = new TextDecoder();

export const readCarried = (value: Uint8Array): Carried =>
  JSON.parse(DECODER.decode(value)) as Carried;

/** Each channel is a lane, and all coupons are one. */
function laneOf(carried: Carried): string {
  const move = nextMove(carried);
  return move.kind === 'send' ? `channel:${move.channel}` : 'coupons';
}

/** Every issue returns to the shopper's own events, with the action's id. */
function issuedEvent(carried: Carried, move: Move, code: string, now: number): StitchedEvent {
  const { action } = carried;
  const at = action.history ? action.decidedAt : now;
  const coupon = move.kind === 'issue' ? move.coupon : '';
  return {
    kind: 'event',
    tenant: action.tenant,
    id: `${action.id}:${carried.step}:issued`,
    source: 'crm',
    type: 'coupon_issued',
    at,
    receivedAt: at,
    order: undefined,
    items: [],
    cart: undefined,
    checkout: undefined,
    store: undefined,
    channel: undefined,
    campaign: undefined,
    properties: JSON.stringify({ coupon, code, action: action.id, trigger: action.trigger }),
    flags: [],
    profile: action.profile,
    anonymous: false,
    identifiers: [],
    origin: { topic: 'actions', partition: 0, offset: 0, index: 0 },
    logTime: at,
    history: false,
    triggers: true,
    wait: null,
    forwardedFrom: null,
    hops: 0,
  };
}

/** ± 10 %, by the delivery's own id, so that a repeat computes the same. */
function spread(ms: number, id: string): number {
  return Math.round(ms * (0.9 + ((hash32(id) >>> 0) % 2_001) / 10_000));
}
