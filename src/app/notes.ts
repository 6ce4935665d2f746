/** What the stages report, as metrics. */
import type { Clock } from '../ports/clock.ts';
import type { Metrics } from '../runtime/metrics.ts';
import type { ProfileNotes } from '../../streams/profile.ts';
import type { StitchNotes } from '../../streams/stitch.ts';

export const stitchNotes = (metrics: Metrics): StitchNotes => ({
  dropped: (type, reason) => metrics.dropped.inc({ type, reason }),
  deadLetter: (topic, reason) => metrics.deadLetters.inc({ topic, reason }),
  unresolved: (source) => metrics.unresolved.inc({ source }),
  merged: (outcome, count) => metrics.merges.inc({ outcome }, count),
});

export const profileNotes = (metrics: Metrics, clock: Clock): ProfileNotes => ({
  duplicate: (source) => metrics.duplicate.inc({ source }),
  changed: (change) => metrics.tagChanges.inc({ cause: change.cause }, change.tags.length),
  decided(action) {
    metrics.actions.inc({ trigger: action.trigger, outcome: action.outcome });
    if (action.history || action.outcome !== 'decided') return;
    const now = clock.now();
    if (action.dueAt !== null) metrics.timerLateness.observe((now - action.dueAt) / 1_000);
    else if (action.receivedAt !== null) {
      metrics.eventToAction.observe((now - action.receivedAt) / 1_000);
    }
  },
  triggerNote: () => undefined,
  ruleFailed: (trigger) => metrics.actions.inc({ trigger, outcome: 'rule_failed' }),
  deadLetter: (topic, reason) => metrics.deadLetters.inc({ topic, reason }),
});
