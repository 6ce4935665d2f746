// Three hours of a real shop (REES46): which carts were abandoned, by Weft and by a SQL over the raw file.
import { beforeAll, describe, expect, it } from 'vitest';
import { newDir, realData } from './support/places.ts';
import { askRawFile } from './support/raw-sql.ts';
import { pathOf, query, weftOk } from './support/weft.ts';

const FILE = realData('rees46/2019-Oct-first17434.csv.gz');
const LAST_ROW = Date.parse('2019-10-01T02:50:00Z');
const SLACK_MS = 300;
const WAITS = [
  { trigger: 'cart_10m', minutes: 10 },
  { trigger: 'cart_30m', minutes: 30 },
  { trigger: 'cart_60m', minutes: 60 },
];

interface Abandoned {
  readonly user: string;
  readonly session: string;
  readonly due: number;
}

interface Decided extends Abandoned {
  readonly id: string;
  readonly trigger: string;
  readonly decided: number;
  readonly outcome: string;
}

const DECIDED = `
  SELECT a.id AS id, a.trigger AS trigger, i.value AS user, a.correlation AS session, a.outcome AS outcome,
    toFloat64(toUnixTimestamp64Milli(assumeNotNull(a.due_at))) AS due,
    toFloat64(toUnixTimestamp64Milli(a.decided_at)) AS decided
  FROM weft.actions AS a
  INNER JOIN weft.profile_identifiers AS i ON i.profile = a.profile AND i.type = 'uid'`;

async function decidedIn(until?: string): Promise<readonly Decided[]> {
  const dir = newDir();
  const more = until === undefined ? [] : ['--until', until];
  const given = ['--format', 'rees46', '--triggers', 'on', '--catalogue', pathOf('test/rees46')];
  await weftOk('ingest', FILE.path, ...given, ...more, '--data-dir', dir);
  return query<Decided>(dir, DECIDED);
}

const expectedOf = (minutes: number, until: number): Promise<Abandoned[]> =>
  askRawFile('test/rees46/expected.sql', { raw: FILE.path, wait: minutes * 60, until });

const keyOf = ({ user, session, due }: Abandoned): string =>
  `${user} ${session} ${new Date(Number(due)).toISOString()}`;

const RUNS = [
  { name: 'as far as 05:00', until: '2019-10-01T05:00:00Z', counts: [57, 56, 56] },
  { name: 'as far as the last row', until: undefined, counts: [39, 1, 1] },
];

describe.skipIf(FILE.isMissing).each(RUNS)(
  `abandoned carts of a real shop, $name${FILE.why}`,
  ({ until, counts }) => {
    let decided: readonly Decided[];
    beforeAll(async () => {
      decided = await decidedIn(until);
    });

    it.each(WAITS.map((wait, i) => ({ ...wait, count: counts[i] })))(
      'after $minutes minutes: exactly those of the SQL ($count)',
      async ({ trigger, minutes, count }) => {
        const expected = await expectedOf(minutes, until ? Date.parse(until) : LAST_ROW);
        const found = decided.filter((each) => each.trigger === trigger);
        expect(found.map(keyOf).toSorted()).toEqual(expected.map(keyOf).toSorted());
        expect(found.length).toBe(count);
      },
    );

    it('none is decided before its wait is over, and each exactly when it is', () => {
      expect(decided.filter(({ due, decided: at }) => at !== due + SLACK_MS)).toEqual([]);
    });

    it('none is decided twice, and none is suppressed', () => {
      expect(new Set(decided.map(({ id }) => id)).size).toBe(decided.length);
      expect(new Set(decided.map((each) => `${each.trigger} ${keyOf(each)}`)).size).toBe(
        decided.length,
      );
      expect(decided.filter(({ outcome }) => outcome !== 'decided')).toEqual([]);
    });
  },
);
