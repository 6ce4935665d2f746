/**
 * The log: named topics of ordered, durable partitions. It is the truth; every store is a
 * projection of it. Adapters move bytes and never look inside a value.
 */
export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

export interface NewRecord extends TopicPartition {
  /** Id of the writer's schema (`SchemaSource`). */
  readonly schema: number;
  readonly value: Uint8Array;
  /**
   * Only in a history run: the moment to stamp. Otherwise the adapter stamps its own clock. Either
   * way a partition's log times never go back: a lesser stamp is raised to the last one.
   */
  readonly logTime?: number;
}

export interface LogRecord extends TopicPartition {
  /** From 0, without gaps as written; retention drops the oldest. */
  readonly offset: number;
  readonly logTime: number;
  readonly schema: number;
  readonly value: Uint8Array;
}

export interface ReadLimits {
  readonly recordsMax: number;
  readonly bytesMax: number;
}

/** The first offset still held and the one the next record will get. */
export interface Bounds {
  readonly first: number;
  readonly next: number;
}

export interface LogSink {
  /**
   * These partitions are ours now. Answers the offset to read each from; nothing is offered before
   * it has. Offsets before `Bounds.first` are an error the subscriber raises, never a silent jump.
   */
  assigned(partitions: readonly TopicPartition[]): Promise<readonly number[]>;
  /** They are no longer ours: forget everything about them before returning. */
  revoked(partitions: readonly TopicPartition[]): void;
  /**
   * Records of one partition, in offset order, possibly some again. Answers false when the
   * subscriber is full: these were taken, but nothing more of this partition is offered until
   * `resume` or `seek`.
   */
  offer(partition: TopicPartition, records: readonly LogRecord[]): boolean;
  /** The subscription cannot go on. */
  failed(error: unknown): void;
}

export interface Subscription {
  resume(partition: TopicPartition): void;
  /** Read this partition again from here; a full subscriber counts as having room again. */
  seek(partition: TopicPartition, offset: number): void;
  /**
   * When the latest look at this partition that found nothing at or beyond `offset` began;
   * undefined while there is more to read. This is what makes a clock "caught up".
   */
  caughtUpAt(partition: TopicPartition, offset: number): number | undefined;
  close(): Promise<void>;
}

export interface EventLog {
  /** Changes when the log is created anew: a token made under another id means nothing. */
  readonly id: string;
  /** How many partitions a topic has; 0 when there is no such topic. */
  partitions(topic: string): number;
  /** Durable when it resolves. Records of one call and partition keep their order. At least once:
   *  after an error the records may be there all the same. Full disk: `disk_guard`; gone: `log_unavailable`. */
  append(records: readonly NewRecord[]): Promise<void>;
  /**
   * What is there from `from` on, at least one record if there is any. Never waits for more. Offsets
   * that retention dropped are `corrupt_data`, here and (through `failed`) in a subscription.
   */
  read(partition: TopicPartition, from: number, limits: ReadLimits): Promise<readonly LogRecord[]>;
  bounds(topic: string): Promise<readonly Bounds[]>;
  /** Share the partitions of these topics with all subscribers of the same group. */
  subscribe(group: string, topics: readonly string[], sink: LogSink): Promise<Subscription>;
  /**
   * Every new record of every partition of a topic, without a group: from now on, or from the
   * offsets given (one a partition).
   */
  tail(
    topic: string,
    from: 'now' | readonly number[],
    each: (record: LogRecord) => void,
  ): Promise<{ close(): void }>;
}
