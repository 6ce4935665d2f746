/**
 * action → delivery: take on what was decided, issue coupons, send through channels, record each
 * attempt. Intent is recorded before anything leaves; an action id is carried out once, however often
 * it is read. Channels work side by side, each with its own bound; only this stage's loop writes the
 * ledger.
 */
import { WeftError } from '../src/errors.ts';
import {
  carry,
  deliveryIdOf,
  deliveryOf,
  moved,
  nextMove,
  type Carried,
  type Move,
} from '../src/domain/dispatch/carried.ts';
import type { Action, Delivery, Message, StitchedEvent } from '../src/domain/message.ts';
import type { DispatchEntry, DispatchLedger } from '../src/ports/dispatch-ledger.ts';
import type { EventLog, LogRecord, TopicPartition } from '../src/ports/event-log.ts';
import type { CommitAnswer, Position } from '../src/ports/outbox.ts';
import type { Codec } from '../src/runtime/codec.ts';
import { Outputs, publish, type TopicCodecs } from '../src/runtime/outputs.ts';
import { createGate, type Gate } from '../src/runtime/gate.ts';
import type { Progress, Stage, Turn } from '../src/runtime/stage.ts';
import { carryOut, type CarryOutOptions } from './carry-out.ts';

/** Actions under way at once; beyond it nothing new is taken on. */
const UNDER_WAY_MAX = 5_000;
const PER_CHANNEL_MAX = 64;

export interface DispatchOptions extends CarryOutOptions {
  readonly log: EventLog;
  readonly ledger: DispatchLedger;
  readonly codec: Codec<Message>;
  readonly codecs: TopicCodecs;
  readonly onDelivery: (delivery: Delivery) => void;
}

interface Owned {
  readonly epoch: number;
  position: Position;
}

interface Work {
  readonly partition: number;
  carried: Carried;
}

interface Result {
  readonly work: Work;
  readonly entry: DispatchEntry;
  readonly delivery: Delivery;
  readonly issued: StitchedEvent | null;
}

export function createDispatchStage(options: DispatchOptions): Stage {
  const owned = new Map<number, Owned>();
  const results: Result[] = [];
  const waiting: { at: number; work: Work }[] = [];
  const gates = new Map<string, Gate>();
  /** One for each move under way; resolved when its result is in `results`. */
  const underWay = new Set<Promise<void>>();
  let stopping = false;
  let wake = (): void => undefined;

  /** While stopping nothing new begins: what the ledger has as open, the next start takes up. */
  const start = (work: Work): void => {
    if (stopping) return;
    const moving = step(options, work, gateOf(gates, work.carried)).then((result) => {
      underWay.delete(moving);
      results.push(result);
      wake();
    });
    underWay.add(moving);
  };

  const claim = async (partitions: readonly TopicPartition[]): Promise<readonly number[]> => {
    const offsets: number[] = [];
    for (const { partition } of partitions) {
      const claimed = await options.ledger.claim(partition);
      await publish(options.log, claimed.unpublished, (s) => options.ledger.trim(partition, s));
      owned.set(partition, { epoch: claimed.epoch, position: claimed.position });
      for (const entry of claimed.unfinished) {
        const work = { partition, carried: readCarried(entry.value) };
        if (entry.state === 'waiting') waiting.push({ at: entry.nextTryAt ?? 0, work });
        else start(work);
      }
      offsets.push(claimed.position.offset);
    }
    return offsets;
  };

  const takeOn = async (
    partition: TopicPartition,
    records: readonly LogRecord[],
  ): Promise<Progress> => {
    const own = owned.get(partition.partition);
    const last = records.at(-1);
    if (!own || !last) return { kind: 'lost', partition };
    const actions = await decidedIn(options, records);
    const known = await options.ledger.known(partition.partition, actions);
    const fresh = actions.filter((_, i) => known[i] === undefined);
    const works = fresh.map((action) => ({
      partition: partition.partition,
      carried: carry(action),
    }));
    const to = { offset: last.offset + 1, index: 0 };
    const answer = await options.ledger.commit({
      partition: partition.partition,
      epoch: own.epoch,
      from: own.position,
      to,
      entries: works.map((work) => entryOf(work.carried, 'open', null)),
      outputs: [],
    });
    if (answer.kind === 'fenced') {
      release([partition]);
      return { kind: 'lost', partition };
    }
    if (answer.kind === 'moved') {
      const [next = 0] = await claim([partition]);
      return { kind: 'moved', partition, next };
    }
    own.position = to;
    for (const work of works) start(work);
    return { kind: 'done', partition, next: to.offset, applied: records.length };
  };

  /** All partitions at once: where the ledger can, their commits share one flush. */
  const record = async (): Promise<void> => {
    if (results.length === 0) return;
    const byPartition = new Map<number, Result[]>();
    for (const result of results.splice(0)) {
      const { partition } = result.work;
      const mine = byPartition.get(partition);
      if (mine) mine.push(result);
      else byPartition.set(partition, [result]);
    }
    const ends = await Promise.allSettled(
      [...byPartition].map(([partition, mine]) => recordOf(partition, mine)),
    );
    const failed = ends.find((end) => end.status === 'rejected');
    if (failed) throw failed.reason;
  };

  const recordOf = async (partition: number, mine: readonly Result[]): Promise<void> => {
    const own = owned.get(partition);
    if (!own) return;
    const outputs = new Outputs(options.codecs);
    for (const { delivery, issued } of mine) {
      outputs.add('deliveries', partition, delivery);
      if (issued) outputs.add('events', partition, issued);
    }
    const at = { partition, epoch: own.epoch, from: own.position, to: own.position };
    const entries = mine.map((result) => result.entry);
    let answer: CommitAnswer;
    try {
      answer = await options.ledger.commit({ ...at, entries, outputs: outputs.records() });
    } catch (error) {
      // What was done is done: it is recorded with the next try.
      results.push(...mine);
      throw error;
    }
    if (answer.kind !== 'committed') {
      release([{ topic: 'actions', partition }]);
      throw new WeftError(
        'store_unavailable',
        `dispatch: partition ${partition} was ${answer.kind}`,
      );
    }
    await publish(options.log, answer.unpublished, (s) => options.ledger.trim(partition, s));
    const now = options.clock.now();
    for (const { work, entry, delivery } of mine) {
      options.onDelivery(delivery);
      if (entry.state === 'open') start(work);
      if (entry.state === 'waiting') waiting.push({ at: entry.nextTryAt ?? now, work });
    }
  };

  const release = (partitions: readonly TopicPartition[]): void => {
    for (const { partition } of partitions) owned.delete(partition);
  };

  return {
    name: 'dispatch',
    topics: ['actions'],
    ordered: 'by-partition',
    claim,
    release,
    async process(turn: Turn) {
      if (underWay.size >= UNDER_WAY_MAX) return [];
      return Promise.all(turn.inputs.map((input) => takeOn(input.partition, input.records)));
    },
    async idle() {
      await record();
      const now = options.clock.now();
      waiting.sort((a, b) => a.at - b.at);
      while (waiting[0] && waiting[0].at <= now) start((waiting.shift() as { work: Work }).work);
      return waiting[0] ? Math.max(1, waiting[0].at - now) : null;
    },
    wakeBy(look) {
      wake = look;
    },
    settled: () => underWay.size === 0 && results.length === 0,
    async stop() {
      stopping = true;
      await Promise.all(underWay);
      await record();
    },
  } satisfies Stage;
}

/** One move of one action, to its recorded end. Never throws. */
async function step(options: DispatchOptions, work: Work, gate: Gate): Promise<Result> {
  const { carried } = work;
  const move = nextMove(carried);
  const startedAt = options.clock.now();
  const what = await gate.run(() => carryOut(options, carried, move));
  const channel = move.kind === 'send' ? options.channels.get(move.channel) : undefined;
  const delays = (channel?.retryDelaysMs ?? []).map((ms) => spread(ms, deliveryIdOf(carried)));
  const result = moved(carried, what, delays);
  const at = options.clock.now();
  const delivery = deliveryOf(carried, result, { at, durationMs: at - startedAt });
  work.carried = result.next;
  const isDone = nextMove(result.next).kind === 'done';
  const state = isDone ? 'done' : result.waitMs === null ? 'open' : 'waiting';
  const nextTryAt = result.waitMs === null ? null : at + result.waitMs;
  return {
    work,
    entry: entryOf(result.next, state, nextTryAt),
    delivery,
    issued: what.kind === 'issued' ? issuedEvent(carried, move, what.code, at) : null,
  };
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
    items: [],
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

async function decidedIn(
  options: DispatchOptions,
  records: readonly LogRecord[],
): Promise<readonly Action[]> {
  const actions: Action[] = [];
  const seen = new Set<string>();
  for (const record of records) {
    await options.codec.learn(record.schema);
    for (const message of options.codec.decode(record.schema, record.value)) {
      if (message.kind !== 'action' || message.outcome !== 'decided' || seen.has(message.id))
        continue;
      seen.add(message.id);
      actions.push(message);
    }
  }
  return actions;
}

const entryOf = (
  carried: Carried,
  state: DispatchEntry['state'],
  nextTryAt: number | null,
): DispatchEntry => ({
  tenant: carried.action.tenant,
  id: carried.action.id,
  value: state === 'done' ? new Uint8Array() : new TextEncoder().encode(JSON.stringify(carried)),
  state,
  nextTryAt,
});

const readCarried = (value: Uint8Array): Carried =>
  JSON.parse(new TextDecoder().decode(value)) as Carried;

/** ± 10 %, by the delivery's own id, so that a repeat computes the same. */
function spread(ms: number, id: string): number {
  let hash = 0;
  for (let i = 0; i < id.length; i += 1) hash = (Math.imul(hash, 31) + id.charCodeAt(i)) >>> 0;
  return Math.round(ms * (0.9 + (hash % 2_001) / 10_000));
}

function gateOf(gates: Map<string, Gate>, carried: Carried): Gate {
  const move = nextMove(carried);
  const name = move.kind === 'send' ? move.channel : 'coupons';
  let gate = gates.get(name);
  if (!gate) gates.set(name, (gate = createGate(PER_CHANNEL_MAX)));
  return gate;
}
