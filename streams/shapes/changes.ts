/** `schemas/changes.avsc`. */
import type {
  Cause,
  Change,
  IdentifierChange,
  TagChange,
  TagValue,
} from '../../src/domain/message.ts';
import type { IdentifierType } from '../../src/domain/identity/identifier.ts';
import {
  readBoolean,
  readDouble,
  readList,
  readLong,
  readNullable,
  readNumber,
  readText,
  type Input,
} from '../../src/runtime/avro/input.ts';
import {
  invalid,
  writeBoolean,
  writeDouble,
  writeList,
  writeLong,
  writeNullable,
  writeNumber,
  writeText,
  type Output,
} from '../../src/runtime/avro/output.ts';
import { onlyBranch, readSymbol, writeSymbol, type Shape } from '../../src/runtime/avro/shape.ts';

export const CHANGES: Shape<Change> = onlyBranch({
  write(out, change) {
    writeSymbol(out, change.kind, 'change');
    writeText(out, change.tenant);
    writeText(out, change.profile);
    writeText(out, change.cause);
    writeText(out, change.causeId);
    writeLong(out, change.at);
    writeList(out, change.tags, writeTag);
    writeList(out, change.identifiers, writeIdentifier);
  },
  read: (from) => ({
    kind: readSymbol(from, 'change'),
    tenant: readText(from),
    profile: readText(from),
    cause: readText(from) as Cause,
    causeId: readText(from),
    at: readLong(from),
    tags: readList(from, readTag),
    identifiers: readList(from, readIdentifier),
  }),
});

function writeTag(out: Output, tag: TagChange): void {
  writeText(out, tag.name);
  writeValue(out, tag.old);
  writeValue(out, tag.new);
  writeNullable(out, tag.anchor, writeLong);
}

const readTag = (from: Input): TagChange => ({
  name: readText(from),
  old: readValue(from),
  new: readValue(from),
  anchor: readNullable(from, readLong),
});

function writeValue(out: Output, value: TagValue | null): void {
  if (value === null) {
    writeNumber(out, 0);
  } else if (typeof value === 'boolean') {
    writeNumber(out, 1);
    writeBoolean(out, value);
  } else if (typeof value === 'number') {
    writeNumber(out, 2);
    writeDouble(out, value);
  } else if (typeof value === 'string') {
    writeNumber(out, 3);
    writeText(out, value);
  } else if (Array.isArray(value)) {
    writeNumber(out, 4);
    writeList<string>(out, value, writeText);
  } else {
    throw invalid('value of a tag', value);
  }
}

function readValue(from: Input): TagValue | null {
  const branch = readNumber(from);
  switch (branch) {
    case 0:
      return null;
    case 1:
      return readBoolean(from);
    case 2:
      return readDouble(from);
    case 3:
      return readText(from);
    case 4:
      return readList(from, readText);
    default:
      throw new RangeError(`no branch ${branch} in the value of a tag`);
  }
}

function writeIdentifier(out: Output, identifier: IdentifierChange): void {
  writeText(out, identifier.type);
  writeText(out, identifier.scope);
  writeText(out, identifier.digest);
  writeText(out, identifier.value);
  writeLong(out, identifier.validFrom);
  writeNullable(out, identifier.validTo, writeLong);
}

const readIdentifier = (from: Input): IdentifierChange => ({
  type: readText(from) as IdentifierType,
  scope: readText(from),
  digest: readText(from),
  value: readText(from),
  validFrom: readLong(from),
  validTo: readNullable(from, readLong),
});
