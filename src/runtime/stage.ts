/**
 * What a stage is to the runtime: a name, the topics it reads, and one function over a turn's
 * records. A stage owns its store and its positions; the loop (`stage-loop.ts`) owns queues, retry,
 * clocks and stopping.
 */
import type { LogRecord, TopicPartition } from '../ports/event-log.ts';

export interface StageInput {
  readonly partition: TopicPartition;
  readonly records: readonly LogRecord[];
}

export interface Turn {
  readonly inputs: readonly StageInput[];
  /**
   * Where a stage reads several partitions in log-time order: up to this log time nothing earlier is
   * still to come, and of this moment itself only what no queue could hold. Infinity where it does
   * not matter.
   */
  readonly completeTo: number;
}

export type Progress =
  /** Records below `next` are done; `applied` counts messages and firings, part of a record too. */
  | {
      readonly kind: 'done';
      readonly partition: TopicPartition;
      readonly next: number;
      readonly applied: number;
    }
  /** The store stands elsewhere: read again from here. */
  | { readonly kind: 'moved'; readonly partition: TopicPartition; readonly next: number }
  /** Another process owns it now. */
  | { readonly kind: 'lost'; readonly partition: TopicPartition };

/** The clock of an input partition (streaming.md, Time): caught up → when we looked; else the log time of the last applied record. */
export interface InputClock {
  readonly partition: TopicPartition;
  readonly clock: number;
  readonly caughtUp: boolean;
}

export interface Stage {
  readonly name: string;
  readonly topics: readonly string[];
  readonly ordered: 'by-partition' | 'by-log-time';
  /** Claims them in the store, publishes what was left unpublished; answers where to read from. */
  claim(partitions: readonly TopicPartition[]): Promise<readonly number[]>;
  release(partitions: readonly TopicPartition[]): void;
  /**
   * Decide, commit, publish. Throwing a retriable error means: nothing happened, or may have; the
   * same records will be handed over again. Any other error stops the process.
   */
  process(turn: Turn): Promise<readonly Progress[]>;
  /**
   * Called when there is nothing to read, and after every turn. Answers in how many milliseconds it
   * wants to be called again at the latest; null: only after the next turn or `wake`.
   */
  idle(clocks: () => readonly InputClock[]): Promise<number | null>;
  /** Told once, before the first `claim`: how to make the loop look again. */
  wakeBy(wake: () => void): void;
  /** Nothing taken in is unfinished (for stages that work on after `process`). */
  settled(): boolean;
  /** Finish what is under way, then let go. */
  stop(): Promise<void>;
}
