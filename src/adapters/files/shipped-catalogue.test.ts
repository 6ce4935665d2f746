import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { compileCatalogue, type Catalogue } from '../../domain/catalogue/catalogue.ts';
import type { TemplateContent } from '../../domain/template.ts';
import type { CompiledTrigger } from '../../domain/triggers/plan.ts';
import { fixedZone } from '../../domain/zone.ts';
import { openCatalogueFolder } from './catalogue-source.ts';

async function catalogueIn(folder: string): Promise<Catalogue> {
  const dir = fileURLToPath(new URL(`../../../${folder}`, import.meta.url));
  const files = await openCatalogueFolder(dir).load();
  const document = {
    timeZone: 'Asia/Shanghai',
    files: Object.fromEntries(files.map(({ name, content }) => [name, content])),
  };
  const compiled = compileCatalogue(document, () => fixedZone(8 * 3_600_000));
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems));
  return compiled.catalogue;
}

describe('the catalogue that ships', () => {
  it('compiles, with a trigger of every pattern and a coupon of every kind', async () => {
    const { triggers, coupons } = await catalogueIn('catalogue');
    expect(triggers.triggers.map(({ name }) => name)).toEqual([
      'abandoned_checkout',
      'abandoned_cart',
      'welcome',
      'first_order_thanks',
      'win_back',
      'price_sensitive_offer',
      'friend_brought',
      'store_visit',
      'browse_without_buying',
      'after_purchase',
    ]);
    const patterns = new Set(triggers.triggers.map(({ pattern }) => pattern.kind));
    expect([...patterns].toSorted()).toEqual(['absence', 'count', 'event', 'sequence', 'tag']);
    const kinds = new Set([...coupons.values()].map(({ kind }) => kind));
    expect([...kinds].toSorted()).toEqual(['amount_off', 'free_delivery', 'gift', 'percent_off']);
  });

  it('sends nothing by itself: only the log is live', async () => {
    const { channels } = await catalogueIn('catalogue');
    const live = [...channels.channels.values()].filter(({ mode }) => mode === 'live');
    expect(live.map(({ name }) => name)).toEqual(['log']);
  });

  it('limits every trigger, and has stock and an end for every coupon', async () => {
    const { triggers, coupons } = await catalogueIn('catalogue');
    expect(triggers.triggers.filter(({ perProfile }) => perProfile === null)).toEqual([]);
    const open = [...coupons.values()].filter((one) => one.stock === null || one.validity === null);
    expect(open).toEqual([]);
  });

  it('speaks English and Chinese everywhere', async () => {
    const { triggers, coupons } = await catalogueIn('catalogue');
    const texts = [
      ...triggers.triggers.flatMap((one) => [one.title, ...contentsOf(one).flatMap(textsOf)]),
      ...[...coupons.values()].map(({ title }) => title),
    ];
    for (const text of texts) expect(Object.keys(text).toSorted()).toEqual(['en', 'zh']);
  });
});

describe('the catalogue of the carts of a real shop', () => {
  it('waits 10, 30 and 60 minutes for an order of the same cart, without limits or conditions', async () => {
    const { triggers } = await catalogueIn('test/rees46');
    const waits = triggers.triggers.map(({ name, pattern }) => [name, pattern]);
    const wait = {
      kind: 'absence',
      types: ['cart_added'],
      unlessTypes: ['order_paid'],
      correlation: { path: 'cart.id' },
      onAgain: 'restart',
    };
    expect(waits).toMatchObject([
      ['cart_10m', { ...wait, withinMs: 600_000 }],
      ['cart_30m', { ...wait, withinMs: 1_800_000 }],
      ['cart_60m', { ...wait, withinMs: 3_600_000 }],
    ]);
    for (const { perProfile, condition, steps } of triggers.triggers) {
      expect({ perProfile, condition, steps: steps.length }).toEqual({
        perProfile: null,
        condition: null,
        steps: 1,
      });
    }
  });
});

const contentsOf = ({ steps }: CompiledTrigger): readonly TemplateContent[] =>
  steps.flatMap((step) => (step.kind === 'send' && step.content !== null ? [step.content] : []));

const textsOf = ({ title, body }: TemplateContent) =>
  [title, body].filter((one) => one !== undefined);
