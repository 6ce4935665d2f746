/** A stage that notes what the loop does with it, and what tests of the loop put into a log. */
import type { EventLog, LogRecord, TopicPartition } from '../ports/event-log.ts';
import type { InputClock, Progress, Stage, Turn } from './stage.ts';

export const A: TopicPartition = { topic: 'in', partition: 0 };
export const B: TopicPartition = { topic: 'in', partition: 1 };
export const NOTED_TOPICS = [{ name: 'in', partitions: 2 }];

export const put = (
  log: EventLog,
  place: TopicPartition,
  texts: readonly string[],
  logTime?: number,
) =>
  log.append(
    texts.map((text) => ({
      ...place,
      schema: 1,
      value: new TextEncoder().encode(text),
      ...(logTime === undefined ? {} : { logTime }),
    })),
  );

export const textOf = ({ value }: LogRecord): string => new TextDecoder().decode(value);
export const numbered = (count: number): string[] =>
  Array.from({ length: count }, (_, i) => `${i}`);
export const done = ({ inputs }: Turn): readonly Progress[] =>
  inputs.map(({ partition, records }) => ({
    kind: 'done',
    partition,
    next: (records.at(-1)?.offset ?? -1) + 1,
    applied: records.length,
  }));

/** What a turn comes to is up to the test. */
export function createNotedStage(
  process: (turn: Turn) => Promise<readonly Progress[]> | Progress[],
) {
  const read: string[] = [];
  const heard: string[] = [];
  const clocks: InputClock[][] = [];
  const watchers = new Set<() => void>();
  const noted = {
    read,
    heard,
    clocks,
    idleMs: null as number | null,
    isSettled: true,
    claims: (partitions: readonly TopicPartition[]) => partitions.map(() => 0),
    /** Resolves once it is so, looked at after everything the loop does. */
    until: (so: () => boolean): Promise<void> =>
      new Promise((resolve) => {
        const look = (): void => {
          if (!so()) return;
          watchers.delete(look);
          resolve();
        };
        watchers.add(look);
        look();
      }),
  };
  const note = (what: string): void => {
    heard.push(what);
    setImmediate(() => watchers.forEach((look) => look()));
  };
  const stage: Stage = {
    name: 'noted',
    topics: ['in'],
    ordered: 'by-partition',
    async claim(partitions) {
      note('claim');
      return noted.claims(partitions);
    },
    release: (partitions) => note(`release ${partitions.map((each) => each.partition).join()}`),
    async process(turn) {
      note('process');
      const progress = await process(turn);
      for (const step of progress) {
        const input = turn.inputs.find((each) => each.partition === step.partition);
        if (step.kind !== 'done' || !input) continue;
        read.push(...input.records.filter((each) => each.offset < step.next).map(textOf));
      }
      note('processed');
      return progress;
    },
    async idle(now) {
      clocks.push([...now()]);
      note('idle');
      return noted.idleMs;
    },
    wakeBy: () => note('wakeBy'),
    settled: () => noted.isSettled,
    stop: async () => note('stop'),
  };
  return { stage, noted };
}
