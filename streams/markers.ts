/**
 * The clock that stages share: the stitch stage appends markers to `events`, every partition of it has
 * heard how far the raw partitions behind it are.
 */
import type { Marker } from '../src/domain/message.ts';
import type { EventLog } from '../src/ports/event-log.ts';
import { encodeEnvelope, type TopicCodecs } from '../src/runtime/outputs.ts';

export interface MarkerOptions {
  readonly log: EventLog;
  readonly codecs: TopicCodecs;
  readonly partitions: number;
}

/** The same marker to every partition of `events`. */
export async function appendMarkers(options: MarkerOptions, marker: Marker): Promise<void> {
  const encoded = encodeEnvelope(options.codecs, 'events', [marker]);
  const logTime = marker.history ? { logTime: marker.clock } : {};
  const records = Array.from({ length: options.partitions }, (_, partition) => ({
    topic: 'events',
    partition,
    ...encoded,
    ...logTime,
  }));
  await options.log.append(records);
}

/** The clock of a partition of `events` is the least of the raw partitions behind it. */
export function createRawClocks() {
  const heard = new Map<number, Map<number, number>>();
  return {
    hear(partition: number, marker: Marker): number {
      if (marker.partitions.length === 0) return marker.clock;
      const clocks = heard.get(partition) ?? new Map<number, number>();
      heard.set(partition, clocks);
      for (const raw of marker.partitions) clocks.set(raw, marker.clock);
      return Math.min(...clocks.values());
    },
    forget: (partition: number) => heard.delete(partition),
  };
}
