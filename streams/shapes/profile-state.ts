/** `schemas/profile-state.avsc`, with aggregates.avsc, tag-values.avsc and trigger-state.avsc in it. */
import type { Attribute, Consent } from '../../src/domain/profile/facts.ts';
import type { Forward, ProfileState } from '../../src/domain/profile/profile-state.ts';
import {
  readBoolean,
  readBytes,
  readList,
  readLong,
  readNullable,
  readNumber,
  readText,
  type Input,
} from '../../src/runtime/avro/input.ts';
import {
  writeBoolean,
  writeBytes,
  writeInt,
  writeList,
  writeLong,
  writeNullable,
  writeText,
  type Output,
} from '../../src/runtime/avro/output.ts';
import type { Shape } from '../../src/runtime/avro/shape.ts';

export const PROFILE_STATE: Shape<ProfileState> = {
  write(out, state) {
    writeNullable(out, state.forward, writeForward);
    writeBoolean(out, state.anonymous);
    writeLong(out, state.clock);
    writeInt(out, state.catalogue);
    writeNullable(out, state.decayAt, writeLong);
    writeBytes(out, state.recent.packed);
    writeBytes(out, state.identifiers.packed);
    writeList(out, state.merges, writeText);
    writeList(out, state.attributes, writeAttribute);
    writeList(out, state.consents, writeConsent);
    writeBytes(out, state.aggregates.packed);
    writeBytes(out, state.tags.packed);
    writeBytes(out, state.triggers.packed);
  },
  read: (from) => ({
    forward: readNullable(from, readForward),
    anonymous: readBoolean(from),
    clock: readLong(from),
    catalogue: readNumber(from),
    decayAt: readNullable(from, readLong),
    recent: { packed: readBytes(from) },
    identifiers: { packed: readBytes(from) },
    merges: readList(from, readText),
    attributes: readList(from, readAttribute),
    consents: readList(from, readConsent),
    aggregates: { packed: readBytes(from) },
    tags: { packed: readBytes(from) },
    triggers: { packed: readBytes(from) },
  }),
};

function writeForward(out: Output, forward: Forward): void {
  writeText(out, forward.to);
  writeText(out, forward.mergeId);
}

const readForward = (from: Input): Forward => ({ to: readText(from), mergeId: readText(from) });

function writeAttribute(out: Output, attribute: Attribute): void {
  writeText(out, attribute.name);
  writeText(out, attribute.value);
  writeLong(out, attribute.at);
  writeText(out, attribute.eventId);
}

const readAttribute = (from: Input): Attribute => ({
  name: readText(from),
  value: readText(from),
  at: readLong(from),
  eventId: readText(from),
});

function writeConsent(out: Output, consent: Consent): void {
  writeText(out, consent.channel);
  writeText(out, consent.purpose);
  writeBoolean(out, consent.granted);
  writeLong(out, consent.at);
}

const readConsent = (from: Input): Consent => ({
  channel: readText(from),
  purpose: readText(from),
  granted: readBoolean(from),
  at: readLong(from),
});
