// A year of a real shop (UCI Online Retail): recency, frequency and money of every customer, by Weft and by a SQL over
// the raw file; to the fen.
import { beforeAll, describe, expect, it } from 'vitest';
import { newDir, realData } from './support/places.ts';
import { askRawFile } from './support/raw-sql.ts';
import { pathOf, query, weftOk } from './support/weft.ts';

const FILE = realData('online-retail/online_retail_by_day.csv.gz');
/** The last invoice and a day. */
const NOW = '2011-12-10T12:50:00Z';

interface Rfm {
  readonly customer: string;
  readonly recency: number | null;
  readonly frequency: number;
  readonly monetary: number;
}

const FOUND = `
  SELECT i.value AS customer, toInt32(r.recency_days) AS recency, toInt32(r.frequency) AS frequency,
    toFloat64(r.monetary) AS monetary
  FROM weft.rfm AS r
  INNER JOIN weft.profile_identifiers AS i ON i.profile = r.profile AND i.type = 'member'
  ORDER BY customer`;

const RUNS = [
  { title: 'refunds left out', catalogue: 'test/online-retail', refunds: 0, fen: 891_140_790 },
  {
    title: 'refunds subtracted',
    catalogue: 'test/online-retail-refunds',
    refunds: 1,
    fen: 830_006_581,
  },
];

describe.skipIf(FILE.isMissing).each(RUNS)(
  `R, F and M of a real shop, $title${FILE.why}`,
  ({ catalogue, refunds, fen }) => {
    let found: readonly Rfm[];
    let expected: readonly Rfm[];
    beforeAll(async () => {
      const dir = newDir();
      const given = ['--format', 'online-retail', '--catalogue', pathOf(catalogue)];
      await weftOk('ingest', FILE.path, ...given, '--until', NOW, '--data-dir', dir);
      found = await query<Rfm>(dir, FOUND);
      const all = await askRawFile<Rfm>('test/online-retail/expected.sql', {
        raw: FILE.path,
        now: Date.parse(NOW) / 1_000,
        refunds,
      });
      // Who never ordered and is owed nothing has nothing to tell.
      expected = all.filter(({ frequency, monetary }) => frequency > 0 || monetary !== 0);
    });

    it('every customer has the days, orders and fen of the SQL', () => {
      expect(found.map(textOf)).toEqual(expected.map(textOf));
    });

    it(`4,338 customers ordered 18,532 times, for ${fen} fen in all`, () => {
      const ordered = found.filter(({ frequency }) => frequency > 0);
      expect(ordered.length).toBe(4_338);
      expect(sumOf(found, 'frequency')).toBe(18_532);
      // Of those who only sent something back, Weft knows what they are owed; the sum is the shop's.
      expect(sumOf(found, 'monetary')).toBe(fen);
    });
  },
);

const textOf = ({ customer, recency, frequency, monetary }: Rfm): string =>
  `${customer}: ${recency} days, ${frequency} orders, ${monetary} fen`;

const sumOf = (rows: readonly Rfm[], name: 'frequency' | 'monetary'): number =>
  rows.reduce((sum, row) => sum + row[name], 0);
