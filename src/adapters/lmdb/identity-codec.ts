/**
 * How the identity plane lies on disk: an index entry in 17 bytes, a profile in 20 and 13 for each
 * identifier. Type codes are part of the format: never change or reuse one. Fences are not written,
 * for none outlives a commit here.
 *
 *   entry    u8 mark · pid owner · u48 since · (shared: u8 count, pids)
 *   record   u8 flags · u48 log time · varints partition, offset, index · (epoch) · (parent) · (founder)
 *            · varint count, identifiers: u8 type and scope?, (varint length, scope), digest
 *            · varint count, absorbed pids
 */
import type {
  Digest,
  IdentifierKey,
  IdentifierType,
  Pid,
} from '../../domain/identity/identifier.ts';
import type { IndexEntry, Mark, ProfileRecord } from '../../domain/identity/view.ts';

const PID_BYTES = 10;
const DIGEST_BYTES = 12;
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
const IS_ANONYMOUS = 4;
/** The founder is the first identifier: the usual case, not written twice. */
const FOUNDED_BY_FIRST = 8;
const ANONYMOUS = 'anon:';

/** Bytes in memory that is used again: good until the next call. */
export interface IdentityCodec {
  entryKey(tenant: number, digest: Digest): Buffer;
  recordKey(tenant: number, pid: Pid): Buffer;
  encodeEntry(entry: IndexEntry): Buffer;
  encodeRecord(record: ProfileRecord): Buffer;
}

export function createIdentityCodec(): IdentityCodec {
  const keyScratch = Buffer.allocUnsafeSlow(VARINT_BYTES_MAX + DIGEST_BYTES);
  const scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES);
  const room = (bytes: number) =>
    bytes <= SCRATCH_BYTES ? scratch : Buffer.allocUnsafeSlow(bytes);
  const keyOf = (tenant: number, id: string, length: number): Buffer => {
    const at = writeVarint(keyScratch, tenant, 0);
    return keyScratch.subarray(0, writeHex(keyScratch, id, at, length));
  };
  return {
    entryKey: (tenant, digest) => keyOf(tenant, digest, DIGEST_BYTES),
    recordKey: (tenant, pid) => keyOf(tenant, pid, PID_BYTES),
    encodeEntry(entry) {
      const bytes = room(HEAD_BYTES_MAX + entry.owners.length * PID_BYTES);
      return bytes.subarray(0, writeEntry(bytes, entry));
    },
    encodeRecord(record) {
      const bytes = room(recordBytesMax(record));
      return bytes.subarray(0, writeRecord(bytes, record));
    },
  };
}

export function decodeEntry(digest: Digest, bytes: Buffer): IndexEntry {
  const mark = MARKS[bytes.readUInt8(0)];
  if (mark === undefined) throw new RangeError('an index entry has an unknown mark');
  const owner = readHex(bytes, 1, PID_BYTES);
  const since = bytes.readUIntBE(1 + PID_BYTES, TIME_BYTES);
  if (mark !== 'shared') return { digest, owner, mark, owners: NONE, since };
  const owners = readPids(new Reader(bytes, 1 + PID_BYTES + TIME_BYTES));
  return { digest, owner, mark, owners, since };
}

export function decodeRecord(pid: Pid, bytes: Buffer): ProfileRecord {
  const reader = new Reader(bytes, 0);
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
  const identifiers = readIdentifiers(reader);
  const digest = named ?? identifiers[0]?.digest ?? '';
  const founder = flags & IS_ANONYMOUS ? ANONYMOUS + digest : digest;
  const absorbed = readPids(reader);
  return { pid, createdAt, founder, epoch, parent, identifiers, absorbed, fence: null };
}

const NONE: readonly never[] = [];

function writeEntry(bytes: Buffer, { mark, owner, since, owners }: IndexEntry): number {
  bytes[0] = MARKS.indexOf(mark);
  let at = writeHex(bytes, owner, 1, PID_BYTES);
  at = bytes.writeUIntBE(since, at, TIME_BYTES);
  if (mark !== 'shared') return at;
  at = writeVarint(bytes, owners.length, at);
  for (const pid of owners) at = writeHex(bytes, pid, at, PID_BYTES);
  return at;
}

function writeRecord(bytes: Buffer, record: ProfileRecord): number {
  const { createdAt, epoch, parent, founder, identifiers, absorbed } = record;
  const isAnonymous = founder.startsWith(ANONYMOUS);
  const isFirst = founder === identifiers[0]?.digest;
  bytes[0] =
    (epoch > 0 ? HAS_EPOCH : 0) |
    (parent === null ? 0 : HAS_PARENT) |
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
  at = writeVarint(bytes, identifiers.length, at);
  for (const identifier of identifiers) at = writeIdentifier(bytes, identifier, at);
  at = writeVarint(bytes, absorbed.length, at);
  for (const pid of absorbed) at = writeHex(bytes, pid, at, PID_BYTES);
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
  const count = reader.varint();
  const identifiers: IdentifierKey[] = [];
  for (let n = 0; n < count; n += 1) {
    const code = reader.byte();
    const type = TYPES[code & ~HAS_SCOPE];
    if (type === undefined) throw new RangeError('a profile record has an unknown identifier type');
    const scope = code & HAS_SCOPE ? reader.text(reader.varint()) : '';
    identifiers.push({ type, scope, digest: reader.hex(DIGEST_BYTES) });
  }
  return identifiers;
}

function readPids(reader: Reader): readonly Pid[] {
  const count = reader.varint();
  if (count === 0) return NONE;
  return Array.from({ length: count }, () => reader.hex(PID_BYTES));
}

function writeHex(bytes: Buffer, hex: string, at: number, length: number): number {
  if (bytes.write(hex, at, length, 'hex') !== length || hex.length !== 2 * length) {
    throw new RangeError(`a digest or pid is not ${length} bytes of hex`);
  }
  return at + length;
}

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

const readHex = (bytes: Buffer, at: number, length: number): string =>
  bytes.toString('hex', at, at + length);

class Reader {
  private readonly bytes: Buffer;
  private at: number;

  constructor(bytes: Buffer, at: number) {
    this.bytes = bytes;
    this.at = at;
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
