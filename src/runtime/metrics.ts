/**
 * The fixed set of metrics, with Prometheus names and base units. Labels are bounded by catalogue and
 * configuration, never by shopper; no identifier's value is ever one.
 */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60];

export type Metrics = ReturnType<typeof createMetrics>;

export function createMetrics(version: string) {
  const registry = new Registry();
  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
    new Counter({ name, help, labelNames, registers: [registry] });
  const gauge = <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
    new Gauge({ name, help, labelNames, registers: [registry] });
  const seconds = <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
    new Histogram({ name, help, labelNames, buckets: SECONDS, registers: [registry] });

  const build = gauge('weft_build_info', 'Version of this build', ['version']);
  build.set({ version }, 1);

  return {
    registry,
    received: counter('weft_events_received_total', 'Events that reached the edge', ['source']),
    accepted: counter('weft_events_accepted_total', 'Events durable in the log', ['source']),
    refused: counter('weft_events_refused_total', 'Events refused', ['source', 'reason']),
    throttled: counter('weft_events_throttled_total', 'Events sent away for now', ['reason']),
    duplicate: counter('weft_events_duplicate_total', 'Events seen before', ['source']),
    deadLetters: counter('weft_dead_letters_total', 'Dead letters', ['topic', 'reason']),
    dropped: counter('weft_identity_dropped_total', 'Identifiers not used', ['type', 'reason']),
    unresolved: counter('weft_identity_unresolved_total', 'Events of nobody', ['source']),
    merges: counter('weft_merges_total', 'Merges, done or refused', ['outcome']),
    tagChanges: counter('weft_tag_changes_total', 'Tags that moved', ['cause']),
    actions: counter('weft_actions_total', 'Decisions', ['trigger', 'outcome']),
    deliveries: counter('weft_deliveries_total', 'Attempts', ['channel', 'outcome']),
    retries: counter('weft_stage_retries_total', 'Attempts a stage repeated', ['stage']),
    lagEvents: gauge('weft_consumer_lag_events', 'Log records waiting', ['stage']),
    dispatchUnfinished: gauge('weft_dispatch_unfinished', 'Actions not carried out yet', []),
    diskFree: gauge('weft_disk_free_bytes', 'Free space where the data directory is', []),
    archiveRows: counter('weft_archive_rows_total', 'Rows inserted', ['table']),
    commit: seconds('weft_commit_seconds', 'One commit of a stage', ['stage']),
    eventToAction: seconds(
      'weft_event_to_action_seconds',
      'From accepting an event to publishing what it decided',
      [],
    ),
    timerLateness: seconds('weft_timer_lateness_seconds', 'From due to published', []),
    lookup: seconds('weft_lookup_seconds', 'One lookup of a profile', []),
  };
}
