import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Json, SentIdentifier } from '../event.ts';
import { firstIdentifierKey } from './first-key.ts';
import { IDENTIFIER_TYPES } from './identifier.ts';
import type { IdentifierType } from './identifier.ts';
import { compareCanonically, normaliseIdentifier, normaliseIdentifiers } from './normalise.ts';
import type { Normalising } from './normalise.ts';

const OPTIONS: Normalising = {
  tenant: 't',
  region: 'CN',
  hash: { digest: (...parts) => `#${parts.join('|')}` },
};

const scoped: ReadonlySet<string> = new Set(['buyer', 'openid']);

/** The value it becomes, or the reason why it is dropped. */
function outcome(type: string, value: Json, more: Partial<SentIdentifier> = {}): string {
  const scope = scoped.has(type) ? { scope: 's' } : {};
  const found = normaliseIdentifier({ type, value, ...scope, ...more }, OPTIONS);
  return found.kind === 'dropped' ? `dropped: ${found.reason}` : found.identifier.value;
}

describe('a value', () => {
  it.each<[string, Json, string]>([
    ['uid', 'u', 'u'],
    ['uid', 123, '123'],
    ['uid', '0123', '0123'],
    ['uid', -7, '-7'],
    ['uid', '  spaced out\t', 'spaced out'],
    ['uid', '\u0085\u3000中\u00a0', '中'],
    ['uid', 'a\u200bb\u2060\ufeffc', 'abc'],
    ['uid', 'e\u200d\u0301', 'é'],
    ['uid', 'Å', 'Å'],
    ['member', 'Case', 'Case'],
    ['uid', 'nan', 'nan'],
    ['uid', '"quoted"', '"quoted"'],
    ['uid', 'x'.repeat(400), 'x'.repeat(400)],
    ['uid', '😀'.repeat(400), '😀'.repeat(400)],
    ['device', '6D92078A-8246-4BA4-AE5B-76104861E7DC', '6d92078a-8246-4ba4-ae5b-76104861e7dc'],
    ['device', 'Not-A-UUID', 'Not-A-UUID'],
    ['openid', 'oX-Case', 'oX-Case'],
  ])('%s %j is %j', (type, value, expected) => {
    expect(outcome(type, value)).toBe(expected);
  });

  it.each<[string, Json, string]>([
    ['shoe_size', '42', 'unknown_type'],
    ['__proto__', '42', 'unknown_type'],
    ['Phone', '13800138000', 'unknown_type'],
    ['uid', null, 'not_scalar'],
    ['uid', true, 'not_scalar'],
    ['uid', 1.5, 'not_scalar'],
    ['uid', 2 ** 53, 'not_scalar'],
    ['uid', ['u'], 'not_scalar'],
    ['uid', { id: 'u' }, 'not_scalar'],
    ['uid', 'a\u0000b', 'illegal'],
    ['uid', 'a\u001fb', 'illegal'],
    ['uid', 'a\u007fb', 'illegal'],
    ['uid', 'a\nb', 'illegal'],
    ['uid', '\ud800', 'illegal'],
    ['uid', 'x'.repeat(401), 'illegal'],
    ['uid', '😀'.repeat(401), 'illegal'],
  ])('%s %j is dropped: %s', (type, value, reason) => {
    expect(outcome(type, value)).toBe(`dropped: ${reason}`);
  });
});

describe('a value that points at nobody (S09, S45)', () => {
  const anyCase =
    'anonymous guest undefined null true false id email distinct_id distinctid not_authenticated ' +
    'invalid unknown n/a';
  const asWritten =
    'NaN None none \\N -1 匿名 匿名用户 游客 未知 无 空 02:00:00:00:00:00 9774d56d682e549c';
  const zeros = '0 000000 ---- : . 00:00:00:00:00:00 0.0.0.0 00000000-0000-0000-0000-000000000000';
  const listed = [...anyCase.split(' '), ...asWritten.split(' '), ...zeros.split(' ')];

  it.each(['', ' ', '\u3000\u200b', '[object Object]', ...listed])('%j is blocked', (value) => {
    for (const type of IDENTIFIER_TYPES) expect(outcome(type, value)).toBe('dropped: blocked');
    expect(outcome('uid', ` ${value} `)).toBe('dropped: blocked');
    expect(outcome('uid', `"${value}"`)).toBe('dropped: blocked');
    expect(outcome('uid', `'${value}'`)).toBe('dropped: blocked');
  });

  it.each(['NULL', 'Null', '"null"', 'N/A', 'Not_Authenticated', 'GUEST'])(
    '%j is blocked in any case',
    (value) => {
      expect(outcome('uid', value)).toBe('dropped: blocked');
    },
  );

  it.each(['nan', 'NAN', 'NONE', '[OBJECT OBJECT]', '\\n', '"\'null\'"', 'null0', '00a', 'guest1'])(
    '%j is somebody',
    (value) => {
      expect(outcome('uid', value)).toBe(value);
    },
  );

  it('is 0 as a number too', () => {
    expect([outcome('uid', 0), outcome('uid', -0), outcome('uid', -1)]).toEqual(
      Array.from({ length: 3 }, () => 'dropped: blocked'),
    );
  });

  it('may be named by a tenant, for a type', () => {
    const extraBlocked = new Map<IdentifierType, ReadonlySet<string>>([
      ['uid', new Set(['walk-in'])],
    ]);
    const reason = (type: string, value: string) =>
      normaliseIdentifier({ type, value }, { ...OPTIONS, extraBlocked }).kind;
    expect(reason('uid', ' walk-in')).toBe('dropped');
    expect(reason('uid', '"walk-in"')).toBe('dropped');
    expect(reason('uid', 'Walk-In')).toBe('identifier');
    expect(reason('member', 'walk-in')).toBe('identifier');
  });
});

describe('a scope', () => {
  const keep = (type: string, scope?: string) => {
    const found = normaliseIdentifier(
      { type, value: 'v', ...(scope === undefined ? {} : { scope }) },
      OPTIONS,
    );
    return found.kind === 'dropped' ? found.reason : found.identifier.scope;
  };

  it.each<[string, string | undefined, string]>([
    ['uid', undefined, ''],
    ['uid', ' ', ''],
    ['uid', 'null', ''],
    ['uid', 'app', 'scope_not_allowed'],
    ['device', 'app', 'scope_not_allowed'],
    ['unionid', undefined, 'default'],
    ['unionid', '0', 'default'],
    ['unionid', ' wx1 ', 'wx1'],
    ['openid', 'wxApp', 'wxApp'],
    ['openid', undefined, 'missing_scope'],
    ['openid', '', 'missing_scope'],
    ['buyer', 'undefined', 'missing_scope'],
    ['buyer', 'tmall:1001', 'tmall:1001'],
    ['buyer', 'tmall\u001f1001', 'illegal'],
    ['buyer', 'x'.repeat(401), 'illegal'],
  ])('of %s, %j, is %s', (type, scope, expected) => {
    expect(keep(type, scope)).toBe(expected);
  });
});

describe('a phone number (S48–S50)', () => {
  it.each([
    '13800138000',
    '138 0013 8000',
    '138-0013-8000',
    '+86-13800138000',
    '+86 138 0013 8000',
    '8613800138000',
    '008613800138000',
    '(+86)138.0013.8000',
    '１３８００１３８０００',
    '\u200e13800138000'.replace('\u200e', '\u200b'),
  ])('%j is one', (value) => {
    expect(outcome('phone', value)).toBe('+8613800138000');
  });

  it.each<[Json, string]>([
    ['+1 (415) 555-2671', '+14155552671'],
    ['0014155552671', '+14155552671'],
    ['+85291234567', '+85291234567'],
    [13800138000, '+8613800138000'],
  ])('%j is %s', (value, expected) => {
    expect(outcome('phone', value)).toBe(expected);
  });

  it.each([
    ['138****8000', 'masked'],
    ['138＊＊＊＊8000', 'masked'],
    ['138••••8000', 'masked'],
    ['138xxxx8000', 'masked'],
    ['138XXXX8000', 'masked'],
    ['138####8000', 'masked'],
    ['138●●●●8000', 'masked'],
    ['18877771111-123', 'virtual'],
    ['18877771111,123', 'virtual'],
    ['18877771111，123', 'virtual'],
    ['18877771111;1', 'virtual'],
    ['18877771111#123456', 'virtual'],
    ['18877771111转123', 'virtual'],
    ['18877771111 转 123', 'virtual'],
    ['18877771111ext123', 'virtual'],
    ['18877771111 Ext. 123', 'virtual'],
    ['+86 188-7777-1111-123', 'virtual'],
    ['8618877771111-123', 'virtual'],
    ['18877771111-1234567', 'malformed'],
    ['18877771111 123', 'malformed'],
    ['010-12345678', 'malformed'],
    ['+861012345678', 'malformed'],
    ['4008001234', 'malformed'],
    ['12345678901', 'malformed'],
    ['1380013800', 'malformed'],
    ['138001380000', 'malformed'],
    ['+1234567', 'malformed'],
    ['+1234567890123456', 'malformed'],
    ['+00000000', 'malformed'],
    ['+', 'malformed'],
    ['telephone', 'malformed'],
    ['١٣٨٠٠١٣٨٠٠٠', 'malformed'],
  ])('%j is none: %s', (value, reason) => {
    expect(outcome('phone', value)).toBe(`dropped: ${reason}`);
  });

  it('marked as virtual by its source is none, whatever it looks like', () => {
    expect(outcome('phone', '13800138000', { virtual: true })).toBe('dropped: virtual');
    expect(outcome('phone', '13800138000', { virtual: false })).toBe('+8613800138000');
  });

  it.each([
    ['HK', '9123 4567', '+85291234567'],
    ['HK', '85291234567', '+85291234567'],
    ['MO', '66123456', '+85366123456'],
    ['TW', '0912-345-678', '+886912345678'],
    ['TW', '912345678', '+886912345678'],
    ['SG', '81234567', '+6581234567'],
    ['HK', '13800138000', undefined],
    ['HK', '+8613800138000', '+8613800138000'],
    ['XX', '13800138000', undefined],
    ['__proto__', '13800138000', undefined],
  ])('in region %s, %j is %s', (region, value, expected) => {
    const found = normaliseIdentifier({ type: 'phone', value }, { ...OPTIONS, region });
    expect(found.kind === 'identifier' ? found.identifier.value : undefined).toBe(expected);
  });
});

describe('a mail address (S48)', () => {
  it.each([
    [' Jane@Example.COM ', 'jane@example.com'],
    ['jane@example.com', 'jane@example.com'],
    ['Jane.Doe+shop@Example.com', 'jane.doe+shop@example.com'],
    ["O'Brien@example.ie", "o'brien@example.ie"],
    ['张三@例子.中国', '张三@xn--fsqu00a.xn--fiqs8s'],
    ['张三@例子。中国', '张三@xn--fsqu00a.xn--fiqs8s'],
    ['ｊａｎｅ＠ｅｘａｍｐｌｅ．ｃｏｍ', 'jane@example.com'],
    ['jane@XN--FIQS8S.CN', 'jane@xn--fiqs8s.cn'],
    ['jane@Bücher.example', 'jane@xn--bcher-kva.example'],
    ['\u1fbc\u0301@example.com', '\u1fb4@example.com'],
  ])('%j is %s', (value, expected) => {
    expect(outcome('email', value)).toBe(expected);
  });

  it.each([
    ['j***@example.com', 'masked'],
    ['j＊＊@example.com', 'masked'],
    ['jane', 'malformed'],
    ['@example.com', 'malformed'],
    ['jane@', 'malformed'],
    ['jane@example', 'malformed'],
    ['jane@.com', 'malformed'],
    ['jane@example.', 'malformed'],
    ['jane@a..b', 'malformed'],
    ['jane@doe@example.com', 'malformed'],
    ['jane doe@example.com', 'malformed'],
    ['"jane"@example.com', 'malformed'],
    ["'jane@example.com'", 'malformed'],
    [`jane@${'中'.repeat(390)}.cn`, 'illegal'],
  ])('%j is none: %s', (value, reason) => {
    expect(outcome('email', value)).toBe(`dropped: ${reason}`);
  });
});

describe('the identifiers of an event', () => {
  it('stand in canonical order, each once, and the dropped are counted by type and reason', () => {
    const sent: SentIdentifier[] = [
      { type: 'device', value: 'd' },
      { type: 'openid', scope: 'b', value: '1' },
      { type: 'openid', scope: 'a', value: '2' },
      { type: 'phone', value: '13800138000' },
      { type: 'phone', value: '+86 138 0013 8000', verified: true },
      { type: 'uid', value: 'null' },
      { type: 'oaid', value: 'o' },
      { type: 'device', value: 'c' },
      { type: 'member', value: 'm' },
      { type: 'buyer', value: 'b' },
    ];
    const { identifiers, dropped } = normaliseIdentifiers(sent, OPTIONS);
    expect(identifiers.map(({ type, scope, value }) => [type, scope, value])).toEqual([
      ['member', '', 'm'],
      ['phone', '', '+8613800138000'],
      ['openid', 'a', '2'],
      ['openid', 'b', '1'],
      ['device', '', 'c'],
      ['device', '', 'd'],
    ]);
    expect(identifiers[1]).toEqual({
      type: 'phone',
      scope: '',
      value: '+8613800138000',
      digest: '#t|phone||+8613800138000',
      verified: true,
    });
    expect(dropped).toEqual([
      { kind: 'dropped', type: 'uid', reason: 'blocked' },
      { kind: 'dropped', type: 'unknown', reason: 'unknown_type' },
      { kind: 'dropped', type: 'buyer', reason: 'missing_scope' },
    ]);
  });

  it('are hashed once each, however often they were sent', () => {
    const seen: string[] = [];
    const hash = { digest: (...parts: string[]) => `${seen.push(parts.join('|'))}` };
    const sent = Array.from({ length: 5 }, () => ({ type: 'uid', value: 'u' }));
    normaliseIdentifiers(sent, { ...OPTIONS, hash });
    expect(seen).toEqual(['t|uid||u']);
  });

  it('do not hold an OAID: it changes with seller, app and week (S51)', () => {
    const orders = ['week1', 'week2'].map((value) =>
      normaliseIdentifiers([{ type: 'oaid', scope: 'taobao:shop', value }], OPTIONS),
    );
    expect(orders.map(({ identifiers }) => identifiers)).toEqual([[], []]);
  });
});

describe('whatever text is sent (P11)', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 30 }),
    fc.string({ unit: 'grapheme', maxLength: 30 }),
    fc.string({
      unit: fc.constantFrom(...Array.from('0189+-()., *#xX@"\'\u200b\u0085\u3000ⅩaÉé转')),
      maxLength: 16,
    }),
    fc.emailAddress(),
  );
  const type = fc.constantFrom(...IDENTIFIER_TYPES);

  // oxlint-disable-next-line no-control-regex -- they are what must not be there
  const LEGAL = /^[^\u0000-\u001f\u007f\p{Surrogate}\u200B-\u200D\u2060\uFEFF]{1,400}$/u;

  it('normalising it twice is normalising it once, and what stays is legal and no placeholder', () => {
    let keptCount = 0;
    fc.assert(
      fc.property(type, text, (name, value) => {
        const once = outcome(name, value);
        fc.pre(!once.startsWith('dropped: '));
        keptCount++;
        expect(outcome(name, once)).toBe(once);
        expect(once).toMatch(LEGAL);
        expect(once.normalize('NFC')).toBe(once);
      }),
      { numRuns: 3000 },
    );
    expect(keptCount).toBeGreaterThan(1000);
  });

  it('what canonical order says of two identifiers, it says the other way round too', () => {
    const one = fc.record({ type, scope: text, value: text });
    fc.assert(
      fc.property(one, one, (a, b) => {
        const [forth, back] = [compareCanonically(a, b), compareCanonically(b, a)];
        expect(Math.sign(forth) + Math.sign(back)).toBe(0);
        expect(forth === 0).toBe(JSON.stringify(a) === JSON.stringify(b));
      }),
    );
  });
});

describe('the key of a raw record', () => {
  const key = (...sent: SentIdentifier[]) => firstIdentifierKey({ id: 'e', sent });

  it('is the strongest usable identifier, however it was written', () => {
    const device = { type: 'device', value: 'd' };
    const expected = 'phone\u001f\u001f+8613800138000';
    expect(key(device, { type: 'phone', value: '138 0013 8000' })).toBe(expected);
    expect(key({ type: 'phone', value: '+8613800138000' }, device)).toBe(expected);
    expect(key({ type: 'uid', value: 'null' }, device)).toBe('device\u001f\u001fd');
  });

  it('is the first one sent where none is usable', () => {
    expect(key({ type: 'uid', value: null }, { type: 'x', value: 1 })).toBe('uid\u001f\u001fnull');
    expect(key({ type: 'x', scope: 's', value: [1] })).toBe('x\u001fs\u001f[1]');
    expect(key({ type: 'x', value: 'y'.repeat(9999) })).toHaveLength(480);
  });
});
