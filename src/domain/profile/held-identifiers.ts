/**
 * The identifiers listed with a profile, with their values: the state plane's side of identity. Late
 * events move first and last seen, by minimum and maximum; a merge is the union. Packed, one after
 * another in the order they came:
 *
 *   first seen, last seen, since (8 bytes each) · digest · type · scope · value
 */
import {
  findText,
  lengthened,
  newReader,
  newWriter,
  readText,
  skipText,
  writeText,
  type ByteReader,
} from '../bytes.ts';
import type { IdentifierChange, StitchedIdentifier } from '../message.ts';
import type { IdentifierType } from '../identity/identifier.ts';

export interface HeldIdentifiers {
  packed: Uint8Array;
}

export interface HeldIdentifier {
  readonly type: IdentifierType;
  readonly scope: string;
  readonly value: string;
  readonly digest: string;
  readonly firstSeen: number;
  readonly lastSeen: number;
  /** When it came to be listed here: the clock, not the event. */
  readonly since: number;
}

const NOTHING = new Uint8Array();

export const noIdentifiers = (): HeldIdentifiers => ({ packed: NOTHING });

/** Notes that an event at `at` carried these; answers those that are newly listed. */
export function hold(
  held: HeldIdentifiers,
  identifiers: readonly StitchedIdentifier[],
  at: number,
  now: number,
): readonly IdentifierChange[] {
  let changes: IdentifierChange[] | undefined;
  for (const identifier of identifiers) {
    if (!identifier.accepted) continue;
    const { type, scope, value, digest } = identifier;
    const place = placeOf(held, digest);
    if (place >= 0) {
      see(held, place, at, at);
      continue;
    }
    list(held, { type, scope, value, digest, firstSeen: at, lastSeen: at, since: now });
    (changes ??= []).push({ type, scope, value, digest, validFrom: now, validTo: null });
  }
  return changes ?? NONE;
}

const NONE: readonly IdentifierChange[] = [];

/** All of them, in the order they came. */
export function identifiersOf({ packed }: HeldIdentifiers): HeldIdentifier[] {
  const all: HeldIdentifier[] = [];
  const reader = newReader(packed);
  while (reader.at < packed.length) all.push(read(reader));
  return all;
}

/** The union; answers what is newly listed in `into`. */
export function mergeHeld(
  into: HeldIdentifiers,
  from: HeldIdentifiers,
  now: number,
): readonly IdentifierChange[] {
  const changes: IdentifierChange[] = [];
  for (const { type, scope, value, digest, firstSeen, lastSeen } of identifiersOf(from)) {
    const place = placeOf(into, digest);
    if (place >= 0) {
      see(into, place, firstSeen, lastSeen);
      continue;
    }
    list(into, { type, scope, value, digest, firstSeen, lastSeen, since: now });
    changes.push({ type, scope, value, digest, validFrom: now, validTo: null });
  }
  return changes;
}

/** What it means for the archive that these are no longer listed here. */
export const closeHeld = (held: HeldIdentifiers, now: number): readonly IdentifierChange[] =>
  identifiersOf(held).map((each) => closed(each, now));

/** Takes one away (a verified rebind moved it elsewhere). */
export function release(
  held: HeldIdentifiers,
  digest: string,
  now: number,
): readonly IdentifierChange[] {
  const all = identifiersOf(held);
  const gone = all.find((each) => each.digest === digest);
  if (!gone) return [];
  held.packed = NOTHING;
  for (const each of all) if (each !== gone) list(held, each);
  return [closed(gone, now)];
}

const closed = (
  { type, scope, value, digest, since }: HeldIdentifier,
  now: number,
): IdentifierChange => ({ type, scope, value, digest, validFrom: since, validTo: now });

/** The bytewise least identifier: the profile's name where no event gives one (decisions.md Q2). */
export function leastIdentifier(held: HeldIdentifiers): string {
  const names = identifiersOf(held).map(
    (each) => `${each.type}\u001f${each.scope}\u001f${each.value}`,
  );
  return names.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0))[0] ?? '';
}

/** Written from its beginning each time. */
const shared = newWriter();

const MOMENT_BYTES = 8;
const HEAD_BYTES = 3 * MOMENT_BYTES;
/** Digest, type, scope, value. */
const TEXTS = 4;

/** Where the one with the digest begins; -1: it is not listed. */
function placeOf({ packed }: HeldIdentifiers, digest: string): number {
  const reader = newReader(packed);
  while (reader.at < packed.length) {
    const start = reader.at;
    reader.at = start + HEAD_BYTES;
    if (findText(reader, 1, digest) === 0) return start;
    for (let left = TEXTS - 1; left > 0; left--) skipText(reader);
  }
  return -1;
}

function see({ packed }: HeldIdentifiers, place: number, first: number, last: number): void {
  if (first < readMoment(packed, place)) writeMoment(packed, place, first);
  const lastAt = place + MOMENT_BYTES;
  if (last > readMoment(packed, lastAt)) writeMoment(packed, lastAt, last);
}

function list(held: HeldIdentifiers, identifier: HeldIdentifier): void {
  const writer = shared;
  writer.at = HEAD_BYTES;
  writeText(writer, identifier.digest);
  writeText(writer, identifier.type);
  writeText(writer, identifier.scope);
  writeText(writer, identifier.value);
  writeMoment(writer.bytes, 0, identifier.firstSeen);
  writeMoment(writer.bytes, MOMENT_BYTES, identifier.lastSeen);
  writeMoment(writer.bytes, 2 * MOMENT_BYTES, identifier.since);
  const { length } = held.packed;
  held.packed = lengthened(held.packed, writer.at);
  held.packed.set(writer.bytes.subarray(0, writer.at), length);
}

function read(reader: ByteReader): HeldIdentifier {
  const { bytes, at } = reader;
  reader.at = at + HEAD_BYTES;
  const digest = readText(reader);
  return {
    type: readText(reader) as IdentifierType,
    scope: readText(reader),
    value: readText(reader),
    digest,
    firstSeen: readMoment(bytes, at),
    lastSeen: readMoment(bytes, at + MOMENT_BYTES),
    since: readMoment(bytes, at + 2 * MOMENT_BYTES),
  };
}

/** Of one length, so that a later one is written over an earlier: the low half, then the high one. */
const readMoment = (bytes: Uint8Array, at: number): number =>
  readHalf(bytes, at + 4) * 0x1_0000_0000 + (readHalf(bytes, at) >>> 0);

function writeMoment(bytes: Uint8Array, at: number, moment: number): void {
  writeHalf(bytes, at, moment);
  writeHalf(bytes, at + 4, Math.floor(moment / 0x1_0000_0000));
}

const readHalf = (bytes: Uint8Array, at: number): number =>
  (bytes[at] as number) |
  ((bytes[at + 1] as number) << 8) |
  ((bytes[at + 2] as number) << 16) |
  ((bytes[at + 3] as number) << 24);

function writeHalf(bytes: Uint8Array, at: number, half: number): void {
  bytes[at] = half;
  bytes[at + 1] = half >>> 8;
  bytes[at + 2] = half >>> 16;
  bytes[at + 3] = half >>> 24;
}
