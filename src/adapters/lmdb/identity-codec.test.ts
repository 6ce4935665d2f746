import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { IDENTIFIER_TYPES } from '../../domain/identity/identifier.ts';
import type { IndexEntry, ProfileRecord } from '../../domain/identity/view.ts';
import {
  DIGEST_BYTES,
  PID_BYTES,
  createKeys,
  decodeEntry,
  decodeRecord,
  encodeEntry,
  encodeRecord,
} from './identity-codec.ts';

const hexOf = (bytes: number) =>
  fc
    .uint8Array({ minLength: bytes, maxLength: bytes })
    .map((some) => Buffer.from(some).toString('hex'));
const pid = hexOf(PID_BYTES);
const digest = hexOf(DIGEST_BYTES);
const logTime = fc.integer({ min: 0, max: 2 ** 48 - 1 });
const identifier = fc.record({
  type: fc.constantFrom(...IDENTIFIER_TYPES),
  scope: fc.oneof(fc.constant(''), fc.string({ unit: 'grapheme', maxLength: 40 })),
  digest,
});

const anyEntry: fc.Arbitrary<IndexEntry> = fc.record({
  digest,
  owner: pid,
  mark: fc.constantFrom('none', 'shared', 'hub'),
  owners: fc.array(pid, { maxLength: 12 }),
  since: fc.oneof(fc.constant(0), logTime),
});

const anyRecord: fc.Arbitrary<ProfileRecord> = fc
  .record({
    pid,
    createdAt: fc.record({
      logTime,
      partition: fc.nat(1_000),
      offset: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
      index: fc.nat(1_000),
    }),
    founder: fc.oneof(
      digest,
      digest.map((some) => `anon:${some}`),
      fc.constant('first'),
    ),
    epoch: fc.nat(1_000),
    parent: fc.option(pid),
    identifiers: fc.array(identifier, { maxLength: 60 }),
    absorbed: fc.array(pid, { maxLength: 130 }),
    fence: fc.constant(null),
  })
  .filter(({ founder, identifiers }) => founder !== 'first' || identifiers.length > 0)
  .map((record) => ({
    ...record,
    founder: record.founder === 'first' ? record.identifiers[0]!.digest : record.founder,
  }));

describe('what lies on disk of the identity plane', () => {
  it('is read as the entry it was', () => {
    fc.assert(
      fc.property(anyEntry, (entry) => {
        // An entry as first claimed has nothing else to say.
        fc.pre(entry.mark !== 'none' || entry.since > 0 || entry.owners.length === 0);
        expect(decodeEntry(entry.digest, Buffer.from(encodeEntry(entry)))).toEqual(entry);
      }),
    );
  });

  it('is read as the record it was, however large', () => {
    fc.assert(
      fc.property(anyRecord, (record) => {
        expect(decodeRecord(record.pid, Buffer.from(encodeRecord(record)))).toEqual(record);
      }),
    );
    const many = Array.from({ length: 1_000 }, (_, index) => ({
      type: 'openid' as const,
      scope: '小程序'.repeat(100),
      digest: index.toString(16).padStart(2 * DIGEST_BYTES, '0'),
    }));
    const huge: ProfileRecord = {
      pid: '00'.repeat(PID_BYTES),
      createdAt: { logTime: 1, partition: 0, offset: 0, index: 0 },
      founder: many[0]!.digest,
      epoch: 0,
      parent: null,
      identifiers: many,
      absorbed: [],
      fence: null,
    };
    expect(decodeRecord(huge.pid, encodeRecord(huge))).toEqual(huge);
  });

  it('is ten bytes for an entry as first claimed, and 12 + 13 a digest for the usual record', () => {
    const one = { digest: 'ab'.repeat(12), owner: '00'.repeat(10), owners: [] };
    expect(encodeEntry({ ...one, mark: 'none', since: 0 }).length).toBe(10);
    const record: ProfileRecord = {
      pid: one.owner,
      createdAt: { logTime: 1_700_000_000_000, partition: 3, offset: 1_000_000, index: 0 },
      founder: one.digest,
      epoch: 0,
      parent: null,
      identifiers: [{ type: 'member', scope: '', digest: one.digest }],
      absorbed: [],
      fence: null,
    };
    expect(encodeRecord(record).length).toBe(12 + 13);
  });

  it('has a key for each tenant and id, equal to no other', () => {
    const keys = createKeys(PID_BYTES);
    const tenant = fc.nat(100_000);
    fc.assert(
      fc.property(tenant, pid, tenant, pid, (t1, id1, t2, id2) => {
        const [one, other] = [keys(t1, id1).toString('hex'), keys(t2, id2).toString('hex')];
        expect(one === other).toBe(t1 === t2 && id1 === id2);
      }),
    );
  });

  it.each([['abc'], ['zz'.repeat(PID_BYTES)], ['ab'.repeat(PID_BYTES + 1)]])(
    'never takes %j for a pid',
    (wrong) => {
      expect(() => createKeys(PID_BYTES)(0, wrong)).toThrow(RangeError);
    },
  );
});
