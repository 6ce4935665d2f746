/** One event while it is folded: what several series ask of it is worked out once. */
import type { Event } from '../event.ts';
import { eventScope, parseProperties } from '../event-scope.ts';
import type { Zone } from '../zone.ts';
import { tileOf, type Resolution } from './window.ts';

export interface Occurrence {
  readonly event: Event;
  readonly zone: Zone;
  /** Filled as asked for. */
  tile5m: number | undefined;
  tile1h: number | undefined;
  tile1d: number | undefined;
  scope: { readonly event: object } | undefined;
  properties: Readonly<Record<string, unknown>> | undefined;
}

export const occurrenceOf = (event: Event, zone: Zone): Occurrence => ({
  event,
  zone,
  tile5m: undefined,
  tile1h: undefined,
  tile1d: undefined,
  scope: undefined,
  properties: undefined,
});

export function tileOfOccurrence(occurrence: Occurrence, resolution: Resolution): number {
  const { event, zone } = occurrence;
  switch (resolution) {
    case '5m':
      return (occurrence.tile5m ??= tileOf('5m', event.at, zone));
    case '1h':
      return (occurrence.tile1h ??= tileOf('1h', event.at, zone));
    case '1d':
      return (occurrence.tile1d ??= tileOf('1d', event.at, zone));
    case 'ever':
      return 0;
  }
}

/** For `where`. */
export const scopeOf = (occurrence: Occurrence): { readonly event: object } =>
  (occurrence.scope ??= { event: eventScope(occurrence.event) });

export function propertyOf(occurrence: Occurrence, name: string): unknown {
  occurrence.properties ??= parseProperties(occurrence.event.properties);
  return occurrence.properties[name];
}
