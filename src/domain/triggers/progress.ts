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
  compareProgress,
  insert,
  MARKS_MAX,
  newest,
  PROGRESS_MAX,
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
  const { at, type, id } = met.event;
  const key = pattern.correlation.keyOf(met.event);
  if (key === undefined) return undefined;
  // An event may be the first and the second of a sequence; `where` is asked of a first only.
  const isFirst = pattern.types.includes(type) && meetsWhere(trigger, met);
  const isSecond = pattern.kind === 'sequence' && pattern.thenTypes.includes(type);
  if (!isFirst && !isSecond) return undefined;
  const progress = progressOf(state, trigger, key);
  if (at > progress.doneAt) {
    const hash = hash32(id);
    if (isFirst) insert(progress.marks, { at, id: hash, second: false }, compareMarks);
    if (isSecond) insert(progress.marks, { at, id: hash, second: true }, compareMarks);
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

function progressOf(state: TriggerState, { hash }: CompiledTrigger, key: string): Progress {
  for (const one of state.progress) if (one.trigger === hash && one.key === key) return one;
  const progress: Progress = { trigger: hash, key, doneAt: 0, marks: [] };
  insert(state.progress, progress, compareProgress);
  return progress;
}

/** The end of the first run of `atLeast` marks that lie within the time. */
function lastOfCount(
  { atLeast, withinMs }: CountPattern,
  marks: readonly Mark[],
): Mark | undefined {
  for (let index = atLeast - 1; index < marks.length; index++) {
    const last = marks[index] as Mark;
    if (last.at - (marks[index - atLeast + 1] as Mark).at <= withinMs) return last;
  }
  return undefined;
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
    const isOfUse = ({ at, second }: Mark): boolean => at >= (second ? secondsFrom : horizon);
    if (!progress.marks.every(isOfUse)) progress.marks = progress.marks.filter(isOfUse);
    if (progress.marks.length === 0 && progress.doneAt < horizon) {
      state.progress = state.progress.filter((one) => one !== progress);
    }
  }
  if (state.progress.length > PROGRESS_MAX) state.progress = boundProgress(state.progress);
}
