/** Files of simulated history, and a catalogue whose decisions do not hang on when a merge arrives. */
import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createSimulation } from '../../src/simulator/simulation.ts';
import { newDir } from './places.ts';
import { pathOf } from './weft.ts';

const DAY_MS = 86_400_000;
const FROM = Date.parse('2026-03-02T00:00:00+08:00');

/**
 * Some weeks of simulated shoppers in as many files; nothing is told twice, as that is a test of its own.
 * Answers the files, and when everything is long over.
 */
export function simulatedHistory(
  options: { readonly shoppers: number; readonly days: number },
  files: number,
): { readonly paths: readonly string[]; readonly until: string } {
  const { shoppers, days } = options;
  const to = FROM + days * DAY_MS;
  const simulation = createSimulation({ seed: 3, shoppers, start: FROM, lifeMs: days * DAY_MS });
  const noise = { duplicates: 0, disorder: 0.04, late: 0.01, poison: 0.004 };
  const events = [...simulation.history({ from: FROM, to, noise })];
  const each = Math.ceil(events.length / files);
  const dir = newDir();
  const paths = Array.from({ length: files }, (_, i) => {
    const path = join(dir, `${i}.ndjson`);
    const part = events.slice(i * each, (i + 1) * each);
    writeFileSync(path, part.map(({ body }) => `${JSON.stringify(body)}\n`).join(''));
    return path;
  });
  return { paths, until: new Date(to + DAY_MS).toISOString() };
}

const TRIGGERS = `
- name: cart_left
  on: cart_added
  unless: { event: order_paid, within: 30m, matching: cart.id }
  do: [ { coupon: five_off }, { log: {} } ]
- name: big_order
  on: order_paid
  where: "event.order.total >= 300"
  do: [ log: {} ]
`;

const COUPONS = `
- name: five_off
  kind: amount_off
  value: 5
  valid: 3d
`;

/** All shipped tags; decisions by what an event says and by waits with a key. */
export function plainCatalogue(): string {
  const dir = newDir();
  cpSync(pathOf('catalogue/tags.yaml'), join(dir, 'tags.yaml'));
  writeFileSync(join(dir, 'triggers.yaml'), TRIGGERS);
  writeFileSync(join(dir, 'coupons.yaml'), COUPONS);
  return dir;
}
