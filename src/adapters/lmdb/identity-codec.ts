/**
 * How the identity plane lies on disk, small: the first tenant's keys have no prefix, an entry as it
 * was first claimed is nothing but its owner. Type codes are part of the format: never change or
 * reuse one. Fences and refusals are not written, for no fence outlives a commit here.
 *
 *   key      (varint tenant) · digest or pid
 *   entry    pid owner, or: u8 mark · pid owner · u48 since · varint count, owners
 *   record   u8 flags · u48 log time · varints partition, offset, index · (epoch) · (parent) · (founder)
 *            · (varint count, absorbed pids) · identifiers to the end: u8 type and scope?,
 *            (varint length, scope), digest
 */
import type {
  Digest,
  IdentifierKey,
  IdentifierType,
  Pid,
} from '../../domain/identity/identifier.ts';
import type { IndexEntry, Mark, ProfileRecord } from '../../domain/identity/view.ts';
import { unitAt } from '../../domain/unit-at.ts';

export const PID_BYTES = 10;
export const DIGEST_BYTES = 12;
const TIME_BYTES = 6;
const VARINT_BYTES_MAX = 8;
const HEAD_BYTES_MAX = 64;
const SCRATCH_BYTES = 16 * 1024;

const MARKS = ['none', 'shared', 'hub'] as const satisfies readonly Mark[];

const TYPE_CODES: Readonly<Record<IdentifierType, number>> = {
  member: 0,
  uid: 1,
  unionid: 2,
  phone: 3,
  email: 4,
  buyer: 5,
  openid: 6,
  device: 7,
};
const TYPES = Object.keys(TYPE_CODES) as readonly IdentifierType[];
const HAS_SCOPE = 0x80;

const HAS_EPOCH = 1;
const HAS_PARENT = 2;
const HAS_ABSORBED = 4;
const IS_ANONYMOUS = 8;
/** The founder is the first identifier: the usual case, not written twice. */
const FOUNDED_BY_FIRST = 16;
const ANONYMOUS = 'anon:';

/** Keys in memory that is used again: each is good until the next. */
export function createKeys(idBytes: number): (tenant: number, id: string) => Buffer {
  const first = Buffer.allocUnsafeSlow(idBytes);
  const bytes = Buffer.allocUnsafeSlow(VARINT_BYTES_MAX + idBytes);
  return (tenant, id) => {
    if (tenant === 0) {
      writeHex(first, id, 0, idBytes);
      return first;
    }
    return bytes.subarray(0, writeHex(bytes, id, writeVarint(bytes, tenant, 0), idBytes));
  };
}

/** Good until the next entry or record is encoded. */
export function encodeEntry(entry: IndexEntry): Buffer {
  if (entry.mark === 'none' && entry.since === 0) {
    writeHex(asClaimed, entry.owner, 0, PID_BYTES);
    return asClaimed;
  }
  const bytes = room(HEAD_BYTES_MAX + entry.owners.length * PID_BYTES);
  return bytes.subarray(0, writeEntry(bytes, entry));
}

/** Good until the next entry or record is encoded. */
export function encodeRecord(record: ProfileRecord): Buffer {
  const bytes = room(recordBytesMax(record));
  return bytes.subarray(0, writeRecord(bytes, record));
}

export function decodeEntry(digest: Digest, bytes: Buffer): IndexEntry {
  if (bytes.length === PID_BYTES) {
    return { digest, owner: readHex(bytes, 0, PID_BYTES), mark: 'none', owners: NONE, since: 0 };
  }
  const reader = new Reader(bytes);
  const mark = MARKS[reader.byte()];
  if (mark === undefined) throw new RangeError('an index entry has an unknown mark');
  const owner = reader.hex(PID_BYTES);
  const since = reader.time();
  return { digest, owner, mark, owners: readPids(reader), since };
}

export function decodeRecord(pid: Pid, bytes: Buffer): ProfileRecord {
  const reader = new Reader(bytes);
  const flags = reader.byte();
  const createdAt = {
    logTime: reader.time(),
    partition: reader.varint(),
    offset: reader.varint(),
    index: reader.varint(),
  };
  const epoch = flags & HAS_EPOCH ? reader.varint() : 0;
  const parent = flags & HAS_PARENT ? reader.hex(PID_BYTES) : null;
  const named = flags & FOUNDED_BY_FIRST ? undefined : reader.hex(DIGEST_BYTES);
  const absorbed = flags & HAS_ABSORBED ? readPids(reader) : NONE;
  const identifiers = readIdentifiers(reader);
  const digest = named ?? identifiers[0]?.digest ?? '';
  const founder = flags & IS_ANONYMOUS ? ANONYMOUS + digest : digest;
  return { pid, createdAt, founder, epoch, parent, identifiers, absorbed, fence: null };
}

const NONE: readonly never[] = [];

const asClaimed = Buffer.allocUnsafeSlow(PID_BYTES);
const scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES);
const room = (bytes: number): Buffer =>
  bytes <= SCRATCH_BYTES ? scratch : Buffer.allocUnsafeSlow(bytes);

function writeEntry(bytes: Buffer, { mark, owner, since, owners }: IndexEntry): number {
  bytes[0] = MARKS.indexOf(mark);
  const at = bytes.writeUIntBE(since, writeHex(bytes, owner, 1, PID_BYTES), TIME_BYTES);
  return writePids(bytes, owners, at);
}

function writeRecord(bytes: Buffer, record: ProfileRecord): number {
  const { createdAt, epoch, parent, founder, identifiers, absorbed } = record;
  const isAnonymous = founder.startsWith(ANONYMOUS);
  const isFirst = founder === identifiers[0]?.digest;
  bytes[0] =
    (epoch > 0 ? HAS_EPOCH : 0) |
    (parent === null ? 0 : HAS_PARENT) |
    (absorbed.length > 0 ? HAS_ABSORBED : 0) |
    (isAnonymous ? IS_ANONYMOUS : 0) |
    (isFirst ? FOUNDED_BY_FIRST : 0);
  let at = bytes.writeUIntBE(createdAt.logTime, 1, TIME_BYTES);
  at = writeVarint(bytes, createdAt.partition, at);
  at = writeVarint(bytes, createdAt.offset, at);
  at = writeVarint(bytes, createdAt.index, at);
  if (epoch > 0) at = writeVarint(bytes, epoch, at);
  if (parent !== null) at = writeHex(bytes, parent, at, PID_BYTES);
  const digest = isAnonymous ? founder.slice(ANONYMOUS.length) : founder;
  if (!isFirst) at = writeHex(bytes, digest, at, DIGEST_BYTES);
  if (absorbed.length > 0) at = writePids(bytes, absorbed, at);
  for (const identifier of identifiers) at = writeIdentifier(bytes, identifier, at);
  return at;
}

function writeIdentifier(
  bytes: Buffer,
  { type, scope, digest }: IdentifierKey,
  start: number,
): number {
  bytes[start] = TYPE_CODES[type] | (scope === '' ? 0 : HAS_SCOPE);
  let at = start + 1;
  if (scope !== '') {
    at = writeVarint(bytes, Buffer.byteLength(scope), at);
    at += bytes.write(scope, at, 'utf8');
  }
  return writeHex(bytes, digest, at, DIGEST_BYTES);
}

function recordBytesMax({ identifiers, absorbed }: ProfileRecord): number {
  let bytes = HEAD_BYTES_MAX + absorbed.length * PID_BYTES;
  for (const { scope } of identifiers) {
    bytes += 1 + VARINT_BYTES_MAX + 3 * scope.length + DIGEST_BYTES;
  }
  return bytes;
}

function readIdentifiers(reader: Reader): readonly IdentifierKey[] {
  const identifiers: IdentifierKey[] = [];
  while (!reader.isAtEnd()) {
    const code = reader.byte();
    const type = TYPES[code & ~HAS_SCOPE];
    if (type === undefined) throw new RangeError('a profile record has an unknown identifier type');
    const scope = code & HAS_SCOPE ? reader.text(reader.varint()) : '';
    identifiers.push({ type, scope, digest: reader.hex(DIGEST_BYTES) });
  }
  return identifiers;
}

function writePids(bytes: Buffer, pids: readonly Pid[], start: number): number {
  let at = writeVarint(bytes, pids.length, start);
  for (const pid of pids) at = writeHex(bytes, pid, at, PID_BYTES);
  return at;
}

function readPids(reader: Reader): readonly Pid[] {
  const count = reader.varint();
  return Array.from({ length: count }, () => reader.hex(PID_BYTES));
}

/** A third of what `Buffer.write` takes for so few. */
function writeHex(bytes: Buffer, hex: string, start: number, length: number): number {
  let odd = hex.length ^ (2 * length);
  for (let i = 0; i < length; i += 1) {
    const high = DIGITS[unitAt(hex, 2 * i)] ?? NO_DIGIT;
    const low = DIGITS[unitAt(hex, 2 * i + 1)] ?? NO_DIGIT;
    odd |= (high | low) & NO_DIGIT;
    bytes[start + i] = (high << 4) | low;
  }
  if (odd !== 0) throw new RangeError(`a digest or pid is not ${length} bytes of hex`);
  return start + length;
}

const NO_DIGIT = 0x10;
/** By code of the character; lower and upper case. */
const DIGITS = Uint8Array.from({ length: 128 }, (_, code) => {
  const digit = Number.parseInt(String.fromCharCode(code), 16);
  return Number.isNaN(digit) ? NO_DIGIT : digit;
});

/** Seven bits a byte, least first. Safe integers need more than 32-bit operators can do. */
function writeVarint(bytes: Buffer, value: number, start: number): number {
  let at = start;
  let rest = value;
  while (rest > 0x7f) {
    bytes[at] = (rest % 0x80) | 0x80;
    rest = Math.floor(rest / 0x80);
    at += 1;
  }
  bytes[at] = rest;
  return at + 1;
}

/** `toString` without its looks at encodings and bounds. */
const readHex = (bytes: Buffer, at: number, length: number): string =>
  (bytes as HexBytes).hexSlice(at, at + length);

interface HexBytes extends Buffer {
  hexSlice(start: number, end: number): string;
}

class Reader {
  private readonly bytes: Buffer;
  private at = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  isAtEnd(): boolean {
    return this.at >= this.bytes.length;
  }

  byte(): number {
    return this.bytes.readUInt8(this.at++);
  }

  varint(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 0x80) {
      const byte = this.byte();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
  }

  time(): number {
    this.at += TIME_BYTES;
    return this.bytes.readUIntBE(this.at - TIME_BYTES, TIME_BYTES);
  }

  hex(length: number): string {
    this.at += length;
    return readHex(this.bytes, this.at - length, length);
  }

  text(length: number): string {
    this.at += length;
    return this.bytes.toString('utf8', this.at - length, this.at);
  }
}
