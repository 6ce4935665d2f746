/**
 * What the demo says in the end. The block *Totals* is the same from run to run; what depends on the
 * machine stands in a block of its own.
 */
import { percentile } from '../app/paced-sender.ts';
import type { Demo } from '../app/demo.ts';
import { TENANT } from '../app.ts';
import type { ProfileView } from '../ports/profile-reader.ts';
import { grouped, padEnd, padStart, type Style } from './style.ts';

type Row = Readonly<Record<string, unknown>>;

export async function demoReport(demo: Demo, style: Style): Promise<string> {
  const blocks = [
    `${style.heading('Totals')}  ${style.faint('the same on every run')}\n${await totals(demo, style)}`,
    await sample(demo, style),
    `${style.heading('This run')}  ${style.faint('depends on the machine')}\n${await thisRun(demo)}`,
    `${style.heading('Next')}\n${NEXT}`,
  ];
  return `\n${blocks.join('\n\n')}\n`;
}

const NEXT = [
  '  npm run demo -- --keep      keep this data and ask it in SQL',
  '  npx weft serve              an engine of your own on http://127.0.0.1:8080',
  '  README.md                   what all of this was',
].join('\n');

async function totals(demo: Demo, style: Style): Promise<string> {
  const lines: string[] = [];
  const line = (label: string, value: string): void => {
    lines.push(`  ${padEnd(label, 22)}${value}`);
  };
  const bySource = await ask(
    demo,
    'SELECT source, count() AS n FROM weft.events GROUP BY source ORDER BY source',
  );
  line('events in', list(bySource.map((row) => `${text(row, 'source')} ${number(row, 'n')}`)));
  const [counts = {}] = await ask(
    demo,
    `SELECT (SELECT uniqExact(root) FROM weft.profiles) AS profiles,
            (SELECT count() FROM weft.merges) AS merges,
            (SELECT count() FROM weft.profile_tags) AS tags,
            (SELECT count() FROM weft.dead_letters) AS dead`,
  );
  const people = `${grouped(demo.live.shoppers)} shoppers, kiosks, anonymous browsing`;
  line('profiles', `${number(counts, 'profiles')} (${people}), ${number(counts, 'merges')} merges`);
  line('tags held', number(counts, 'tags'));
  line('dead letters', number(counts, 'dead'));
  lines.push(
    '',
    `  ${style.strong(padEnd('trigger', 24))}${padStart('decided', 9)}${padStart('suppressed', 12)}`,
  );
  for (const row of await ask(demo, TRIGGERS)) {
    const name = text(row, 'trigger');
    lines.push(
      `  ${padEnd(name, 24)}${padStart(number(row, 'decided'), 9)}${padStart(number(row, 'suppressed'), 12)}  ${style.faint(text(row, 'reasons'))}`,
    );
  }
  lines.push(
    '',
    `  ${style.strong(padEnd('coupon', 24))}${padStart('issued', 9)}${padStart('left', 12)}`,
  );
  for (const coupon of demo.engine.catalogue.coupons.values()) {
    const { issued } = await demo.engine.coupons.stock(TENANT, coupon.name);
    const left = coupon.stock === null ? 'no limit' : grouped(coupon.stock - issued);
    lines.push(`  ${padEnd(coupon.name, 24)}${padStart(grouped(issued), 9)}${padStart(left, 12)}`);
  }
  return lines.join('\n');
}

const TRIGGERS = `
  SELECT trigger, countIf(outcome = 'decided') AS decided, countIf(outcome = 'suppressed') AS suppressed,
         arrayStringConcat(arraySort(groupUniqArrayIf(ifNull(reason, ''), outcome = 'suppressed')), ', ') AS reasons
  FROM weft.actions GROUP BY trigger ORDER BY trigger`;

/** A shopper with something to tell: decided and suppressed, and a name that is the same each time. */
const TELLING = `
  SELECT a.profile AS profile, min(tuple(i.type, i.value)) AS name, i.type AS type, i.value AS value,
         countIf(a.outcome = 'suppressed') AS suppressed, count() AS n
  FROM weft.actions AS a
  INNER JOIN weft.profile_identifiers AS i ON i.profile = a.profile
  WHERE i.type = 'member' AND i.valid_to IS NULL
  GROUP BY profile, type, value
  HAVING suppressed > 0 AND n > suppressed
  ORDER BY n DESC, value LIMIT 1`;

async function sample(demo: Demo, style: Style): Promise<string> {
  const [found] = await ask(demo, TELLING);
  if (!found) return '';
  const address = `${demo.served.url}/v1/profiles/member/${encodeURIComponent(text(found, 'value'))}`;
  const profile = (await (await fetch(address)).json()) as ProfileView;
  const decisions = (await (await fetch(`${address}/decisions`)).json()) as {
    readonly items: readonly {
      trigger: string;
      outcome: string;
      reason?: string;
      decidedAt: string;
    }[];
  };
  const lines = [
    `${style.heading('One shopper')}  ${style.faint(address.replace(demo.served.url, 'GET '))}`,
  ];
  const ids = profile.identifiers.map((each) => `${each.type} ${shorten(each.value)}`);
  lines.push(...wrapped('identifiers', ids));
  const tags = Object.entries(profile.tags).map(([name, value]) => `${name} ${shown(value)}`);
  lines.push(...wrapped('tags', tags));
  const { rfm } = profile;
  if (rfm)
    lines.push(
      `  ${padEnd('R F M', 14)}${rfm.recencyDays} days, ${rfm.frequency} orders, ¥${rfm.monetary.toFixed(2)}`,
    );
  const decided = decisions.items.find((each) => each.outcome === 'decided');
  const suppressed = decisions.items.find((each) => each.outcome === 'suppressed');
  if (decided)
    lines.push(`  ${padEnd('got', 14)}${style.good(decided.trigger)} at ${decided.decidedAt}`);
  if (suppressed)
    lines.push(
      `  ${padEnd('did not get', 14)}${suppressed.trigger} at ${suppressed.decidedAt}: ${suppressed.reason ?? ''}`,
    );
  return lines.join('\n');
}

/** How often a tag moved in between depends on how merges and events met. */
async function thisRun(demo: Demo): Promise<string> {
  const { eventToActionMs } = demo;
  const at = (share: number): string => `${percentile(eventToActionMs, share).toFixed(1)} ms`;
  const [moved = {}] = await ask(demo, 'SELECT count() AS n FROM weft.tag_changes');
  return [
    `  ${padEnd('tags changed', 22)}${number(moved, 'n')} times`,
    `  ${padEnd('event → action', 22)}p50 ${at(0.5)}, p99 ${at(0.99)}, over ${eventToActionMs.length} actions, from sending the event over HTTP`,
  ].join('\n');
}

async function ask(demo: Demo, sql: string): Promise<readonly Row[]> {
  return (await demo.engine.analytics.query(sql)).data;
}

const text = (row: Row, name: string): string => {
  const value = row[name];
  return typeof value === 'string' ? value : '';
};
const number = (row: Row, name: string): string => grouped(Number(row[name] ?? 0));
const list = (items: readonly string[]): string => items.join(' · ');

const shorten = (value: string): string => (value.length > 16 ? `${value.slice(0, 14)}…` : value);

const shown = (value: unknown): string =>
  Array.isArray(value) ? value.join('、') : value === true ? '✓' : String(value);

const LINE_WIDTH = 96;

/** Items under a label, as many on a line as fit. */
function wrapped(label: string, items: readonly string[]): string[] {
  const lines: string[] = [];
  let line = '';
  for (const item of items) {
    const next = line === '' ? item : `${line} · ${item}`;
    if (next.length > LINE_WIDTH - 16 && line !== '') {
      lines.push(line);
      line = item;
    } else line = next;
  }
  lines.push(line);
  return lines.map((each, i) => `  ${padEnd(i === 0 ? label : '', 14)}${each}`);
}
