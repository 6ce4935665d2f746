/**
 * What a profile says of itself, outside windows: attributes and consent. Both are the latest word by
 * (at, event id); a tie in consent means withdrawn. Never by the direction of a merge. A withdrawal is
 * never forgotten: of too many consents the oldest granted go, which leaves the shopper unasked.
 */
import type { Json, JsonObject } from '../event.ts';

export interface Attribute {
  readonly name: string;
  /** JSON text. */
  readonly value: string;
  readonly at: number;
  readonly eventId: string;
}

export interface Consent {
  readonly channel: string;
  readonly purpose: string;
  readonly granted: boolean;
  readonly at: number;
}

const ATTRIBUTES_MAX = 100;
const GRANTED_MAX = 100;

/** `profile_updated` and its like: every property is an attribute; null removes. */
export function setAttributes(
  attributes: Attribute[],
  properties: JsonObject,
  said: { readonly at: number; readonly eventId: string },
): void {
  for (const [name, value] of Object.entries(properties)) {
    putAttribute(attributes, { name, value: JSON.stringify(value), ...said });
  }
}

export function mergeAttributes(into: Attribute[], from: readonly Attribute[]): void {
  for (const attribute of from) putAttribute(into, attribute);
}

function putAttribute(attributes: Attribute[], said: Attribute): void {
  const index = attributes.findIndex((each) => each.name === said.name);
  const known = attributes[index];
  if (!known) {
    if (attributes.length < ATTRIBUTES_MAX) attributes.push(said);
  } else if (said.at > known.at || (said.at === known.at && said.eventId > known.eventId)) {
    attributes[index] = said;
  }
}

/** A null-prototype object of the attributes that are set. */
export function attributesAsObject(attributes: readonly Attribute[]): JsonObject {
  const object = Object.create(null) as Record<string, Json>;
  for (const { name, value } of attributes) {
    const parsed = JSON.parse(value) as Json;
    if (parsed !== null) object[name] = parsed;
  }
  return object;
}

/** `consent_changed`: `{ channel, purpose, granted }` in its properties; else nothing happens. */
export function noteConsent(consents: Consent[], properties: JsonObject, at: number): void {
  const { channel, purpose, granted } = properties;
  if (typeof channel !== 'string' || typeof granted !== 'boolean') return;
  putConsent(consents, {
    channel,
    purpose: typeof purpose === 'string' ? purpose : 'marketing',
    granted,
    at,
  });
  forgetOldestGranted(consents);
}

/** First all that was said, then what goes: else it would matter which of the two came first. */
export function mergeConsents(into: Consent[], from: readonly Consent[]): void {
  for (const consent of from) putConsent(into, consent);
  forgetOldestGranted(into);
}

function forgetOldestGranted(consents: Consent[]): void {
  const granted = consents.filter((each) => each.granted);
  if (granted.length <= GRANTED_MAX) return;
  const forgotten = new Set(granted.toSorted(byAge).slice(0, granted.length - GRANTED_MAX));
  const kept = consents.filter((each) => !forgotten.has(each));
  consents.splice(0, consents.length, ...kept);
}

/** No two are equal: a channel and purpose stand once. */
function byAge(a: Consent, b: Consent): number {
  if (a.at !== b.at) return a.at - b.at;
  if (a.channel !== b.channel) return a.channel < b.channel ? -1 : 1;
  return a.purpose < b.purpose ? -1 : 1;
}

function putConsent(consents: Consent[], said: Consent): void {
  const index = consents.findIndex(
    (each) => each.channel === said.channel && each.purpose === said.purpose,
  );
  const known = consents[index];
  if (!known) {
    consents.push(said);
  } else if (said.at > known.at || (said.at === known.at && !said.granted)) {
    consents[index] = said;
  }
}

/** undefined: the shopper never said. */
export const consentOf = (
  consents: readonly Consent[],
  channel: string,
  purpose = 'marketing',
): boolean | undefined =>
  consents.find((each) => each.channel === channel && each.purpose === purpose)?.granted;
