import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readCsvMap } from './csv-map.ts';
import type { CsvMap } from './csv-map-definition.ts';

let dir = '';
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'weft-map-'));
});
afterEach(() => rm(dir, { recursive: true }));

async function read(yaml: string): Promise<CsvMap> {
  const path = join(dir, 'pos.yaml');
  await writeFile(path, yaml);
  return readCsvMap(path);
}

const SMALL = `source: pos
type: order_paid
at: { column: 时间, format: yyyy-MM-dd HH:mm, zone: Asia/Shanghai }
identifiers:
  - { type: member, column: 会员 }
`;

const faultsOf = (yaml: string): Promise<readonly string[]> =>
  read(yaml).then(
    () => [],
    (error: { readonly code: string; readonly details: { readonly faults: string[] } }) => {
      expect(error.code).toBe('invalid_catalogue');
      return error.details.faults;
    },
  );

describe('a map', () => {
  it('needs no more than source, type, time and an identifier', async () => {
    expect(await read(SMALL)).toMatchObject({
      file: 'pos.yaml',
      encoding: 'utf8',
      delimiter: ',',
      isHeld: false,
      items: { kind: 'none' },
      order: null,
      hasRefunds: false,
    });
  });

  it('says everything it lacks at once', async () => {
    expect(await faultsOf('encoding: gbk\n')).toEqual([
      "pos.yaml:1: The map needs a type, such as 'type: order_paid'.",
      'pos.yaml:1: The map needs a source: pos, app, order, social, crm.',
      "pos.yaml:1: The map needs 'at': the column of the time.",
      'pos.yaml:1: The map needs identifiers: a list of { type: member, column: … }.',
    ]);
  });

  it.each([
    ['idntifiers: []\n', 6, /no field 'idntifiers'\. Did you mean 'identifiers'\?/],
    ['encoding: gkb\n', 6, /no such encoding; .* Did you mean 'gbk'\?/],
    ['delimiter: "ab\\n"\n', 6, /what stands between cells/],
    ['decimal: x\n', 6, /must be one of: \., ,/],
    ['order: { totl: 金额 }\n', 6, /Did you mean 'total'\?/],
    ['order: { unit: cent }\n', 6, /must be one of: yuan, fen/],
    ['order: { total: { sums: 金额 } }\n', 6, /'total' has no field 'sums'\. Did you mean/],
    ['order:\n  id: { value: 1 }\n', 7, /must come from a column, not be fixed/],
    ['items: { name: 品名 }\n', 6, /need a sku/],
    ['items: { sku: 码, price: 价, amount: 额 }\n', 6, /not both/],
    ['items: { sku: 码, anywhere: true }\n', 6, /name the column they share/],
    ['store: [门店, [x]]\n', 6, /a column, a list of columns/],
    ['store: { values: { a: b } }\n', 6, /'store' needs a column/],
    ['store: { column: 门店, values: [a] }\n', 6, /must be a table of texts/],
    ['properties:\n  收银员: __proto__\n', 7, /needs a name of its own/],
    ['properties: { a: x, b: x }\n', 6, /needs a name of its own/],
    ['skip:\n  - { column: 状态 }\n', 7, /needs one of: empty, equals, in, not_in/],
    ['skip:\n  - { column: 状态, empty: true, equals: x }\n', 7, /needs one of/],
    ['skip:\n  - { empty: true }\n', 7, /needs a column/],
    ['skip:\n  - { column: 状态, in: { a: b } }\n', 7, /a list of texts/],
    ['refunds: yes please\n', 6, /must be true or false/],
  ])('with %j is refused, with its line', async (more, line, message) => {
    const faults = await faultsOf(SMALL + more);
    expect(faults[0]).toMatch(message);
    expect(faults[0]?.startsWith(`pos.yaml:${line}: `)).toBe(true);
  });

  it.each([
    ['type: order_paid', 'type: Order Paid', /snake_case/],
    ['type: order_paid', 'type: { column: 类型, values: { 销售: Orderpaid } }', /'order_paid'\?/],
    ['source: pos', 'source: poss', /Did you mean 'pos'\?/],
    ['type: member', 'type: mmber', /Did you mean 'member'\?/],
    ['type: member', 'type: openid', /needs a scope/],
    ['type: member,', 'type: phone, scope: wx1,', /has no scope/],
    ['column: 会员', 'column: 会员, first: [a]', /needs a column, or first/],
    ['column: 时间', 'columns: 时间', /no field 'columns'\. Did you mean 'column'\?/],
    ['format: yyyy-MM-dd HH:mm', 'format: YYYY-MM-DD HH:mm', /'yyyy-MM-dd HH:mm'\?/],
    [', zone: Asia/Shanghai', '', /The times have no zone/],
  ])('with %s as %s is refused', async (from, to, message) => {
    expect((await faultsOf(SMALL.replace(from, to))).join('\n')).toMatch(message);
  });

  it('that is no YAML, or is not there, is refused in words', async () => {
    await expect(read('a: [')).rejects.toMatchObject({
      code: 'invalid_catalogue',
      message: expect.stringMatching(/^pos\.yaml:\d+: /),
    });
    await expect(readCsvMap(join(dir, 'none.yaml'))).rejects.toMatchObject({
      code: 'invalid_usage',
      message: expect.stringContaining('none.yaml cannot be read'),
    });
    expect(await faultsOf('- a\n- b\n')).toEqual([
      'pos.yaml:1: The map must be an object with fields.',
    ]);
  });
});
