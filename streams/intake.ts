/** The entrance: raw events into the log, by source and first identifier. Durable when it resolves. */
import type { Message } from '../src/domain/message.ts';
import { partitionOfText } from '../src/domain/partitioning.ts';
import type { EventLog } from '../src/ports/event-log.ts';
import type { Intake, KeyedRawEvent } from '../src/ports/intake.ts';
import { Outputs, type TopicCodecs } from '../src/runtime/outputs.ts';
import { withEvent } from './just-read.ts';
import { rawTopicOf } from './topics.ts';

export interface IntakeOptions {
  readonly log: EventLog;
  readonly codecs: TopicCodecs;
  readonly partitions: number;
  /** Throws when nothing may be taken in now (the disk is nearly full, the process is stopping). */
  readonly guard: () => void;
}

export interface FullIntake extends Intake {
  /** `logTime`: the moment to stamp, in a history run. */
  append(events: Parameters<Intake['append']>[0], logTime?: number): Promise<void>;
}

export function createIntake(options: IntakeOptions): FullIntake {
  return {
    async append(events, logTime) {
      options.guard();
      const outputs = new Outputs(options.codecs);
      for (let i = 0; i < events.length; i++) {
        const { event, key, read } = events[i] as KeyedRawEvent;
        const partition = partitionOfText(key, options.partitions);
        const message: Message = read === undefined ? event : withEvent(event, read);
        outputs.add(rawTopicOf(event.source), partition, message);
      }
      await options.log.append(outputs.records(logTime));
    },
  };
}
