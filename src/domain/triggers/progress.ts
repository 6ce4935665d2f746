/**
 * A then B within T, and N of A within T: bounded lists of marks (moment, event), looked at again
 * whenever one is added, so that disorder and merging do not matter. A decision uses up every mark up
 * to its last one: each pattern is answered once.
 */
import { hash32 } from '../hash.ts';
import type { TriggerContext } from './context.ts';
import { meetsWhere, type SeenEvent } from './event-facts.ts';
import type { CompiledTrigger, CountPattern, Of, SequencePattern } from './plan.ts';
import {
  boundProgress,
  compareMarks,
  insert,
  MARKS_MAX,
  newest,
  type Mark,
  type Progress,
  type TriggerState,
} from './state.ts';

/** Marks of a sequence that are kept: firsts and seconds that wait for each other. */
const SEQUENCE_MARKS_MAX = 16;

/** The key for which this event completes the pattern; undefined: for none. */
export function advance(
  of: Of<SequencePattern | CountPattern>,
  state: TriggerState,
  met: SeenEvent,
  context: TriggerContext,
): string | undefined {
  const { trigger, pattern } = of;
  const key = pattern.correlation.keyOf(met.event);
  if (key === undefined) return undefined;
  const marks = marksOf(trigger, pattern, met);
  if (marks.length === 0) return undefined;
  const progress = progressOf(state, trigger, key);
  for (const mark of marks) {
    if (mark.at > progress.doneAt) insert(progress.marks, mark, compareMarks);
  }
  const completed = complete(pattern, progress) !== undefined;
  trim(of, state, progress, context);
  return completed ? key : undefined;
}

/** Moves `doneAt` to the mark that completes the pattern; undefined: it is not complete. */
export function complete(
  pattern: SequencePattern | CountPattern,
  progress: Progress,
): Mark | undefined {
  const last =
    pattern.kind === 'count'
      ? lastOfCount(pattern, progress.marks)
      : secondOfSequence(pattern, progress.marks);
  if (last === undefined) return undefined;
  progress.doneAt = last.at;
  progress.marks = progress.marks.filter(({ at }) => at > last.at);
  return last;
}

/** An event may be the first and the second of a sequence; `where` is asked of a first only. */
function marksOf(
  trigger: CompiledTrigger,
  pattern: SequencePattern | CountPattern,
  met: SeenEvent,
): readonly Mark[] {
  const { at, type } = met.event;
  const id = hash32(met.event.id);
  const marks: Mark[] = [];
  const isFirst = pattern.types.includes(type);
  if (isFirst && meetsWhere(trigger, met)) marks.push({ at, id, second: false });
  if (pattern.kind === 'sequence' && pattern.thenTypes.includes(type)) {
    marks.push({ at, id, second: true });
  }
  return marks;
}

function progressOf(state: TriggerState, { hash }: CompiledTrigger, key: string): Progress {
  const found = state.progress.find((one) => one.trigger === hash && one.key === key);
  if (found !== undefined) return found;
  const progress: Progress = { trigger: hash, key, doneAt: 0, marks: [] };
  state.progress.push(progress);
  return progress;
}

/** The end of the first run of `atLeast` marks that lie within the time. */
function lastOfCount(
  { atLeast, withinMs }: CountPattern,
  marks: readonly Mark[],
): Mark | undefined {
  return marks.find((last, index) => {
    const first = marks[index - atLeast + 1];
    return first !== undefined && last.at - first.at <= withinMs;
  });
}

/** The first second that has a first before it, or at the same moment, within the time. */
function secondOfSequence({ withinMs }: SequencePattern, marks: readonly Mark[]): Mark | undefined {
  return marks.find(
    (second) =>
      second.second &&
      marks.some(
        (first) =>
          !first.second &&
          first.id !== second.id &&
          first.at <= second.at &&
          second.at - first.at <= withinMs,
      ),
  );
}

/** Forgets what can complete nothing any more, and what is over the bounds. */
function trim(
  { trigger, pattern }: Of<SequencePattern | CountPattern>,
  state: TriggerState,
  progress: Progress,
  { history, clock }: TriggerContext,
): void {
  const max =
    pattern.kind === 'count' ? Math.min(2 * pattern.atLeast, MARKS_MAX) : SEQUENCE_MARKS_MAX;
  progress.marks = newest(progress.marks, max);
  if (!history) {
    // An event is no older than the age when it comes: a second waits that long for its first.
    const secondsFrom = clock - trigger.maxEventAgeMs;
    const horizon = secondsFrom - pattern.withinMs;
    progress.marks = progress.marks.filter(
      ({ at, second }) => at >= (second ? secondsFrom : horizon),
    );
    if (progress.marks.length === 0 && progress.doneAt < horizon) {
      state.progress = state.progress.filter((one) => one !== progress);
    }
  }
  state.progress = boundProgress(state.progress);
}
