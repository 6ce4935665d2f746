/**
 * What raw topics are keyed by: the strongest identifier of an event, so that a shopper's events
 * mostly meet one partition. Stable: the same event has the same key wherever it is read, and no
 * secret is needed to compute it.
 */
import type { SentEvent, SentIdentifier } from '../event.ts';
import type { IdentifierType } from './identifier.ts';
import { compareCanonically, toPlain } from './normalise.ts';
import type { PlainIdentifier } from './normalise.ts';
import { P0 } from './policy.ts';

/** A record's key need not be longer to spread well. */
const KEY_CHARS_MAX = 480;

export function firstIdentifierKey(
  { id, sent }: Pick<SentEvent, 'id' | 'sent'>,
  region = 'CN',
): string {
  const options = { region };
  let first: PlainIdentifier | undefined;
  for (let i = 0; i < sent.length; i++) {
    const one = sent[i] as SentIdentifier;
    // One of a weaker type is not worth looking at.
    if (first !== undefined && priorityOf(one.type) > priorityOf(first.type)) continue;
    const found = toPlain(one, options);
    if (found.kind !== 'plain') continue;
    if (first === undefined || compareCanonically(found, first) < 0) first = found;
  }
  if (first !== undefined) return keyOf(first.type, first.scope, first.value);
  const unusable = sent[0];
  if (unusable === undefined) return id;
  return keyOf(unusable.type, unusable.scope ?? '', JSON.stringify(unusable.value));
}

/** undefined, which is never greater, of a type nobody knows. */
const priorityOf = (type: string): number => P0.types[type as IdentifierType]?.priority;

const keyOf = (type: string, scope: string, value: string): string =>
  `${type}\u001f${scope}\u001f${value}`.slice(0, KEY_CHARS_MAX);
