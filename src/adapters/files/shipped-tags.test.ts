import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { compileTags } from '../../domain/tags/compile.ts';
import type { TagPlan } from '../../domain/tags/plan.ts';
import { fixedZone } from '../../domain/zone.ts';
import { openCatalogueFolder } from './catalogue-source.ts';

async function tagsIn(folder: string): Promise<TagPlan> {
  const dir = fileURLToPath(new URL(`../../../${folder}`, import.meta.url));
  const files = await openCatalogueFolder(dir).load();
  const content = files.find(({ name }) => name === 'tags.yaml')?.content ?? null;
  const compiled = compileTags(content, { zone: fixedZone(8 * 3_600_000) });
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems));
  return compiled.plan;
}

const NAMES = `
  days_since_order orders_365d money_365d orders_7d orders_30d orders_90d money_7d money_30d money_90d
  average_order_90d refund_share_90d discount_share_90d items_per_order_90d first_order_at last_order_at
  acquisition_channel product_views_1h product_views_1d product_views_7d searches_1h searches_1d searches_7d
  cart_adds_1h cart_adds_1d cart_adds_7d cart_value cart_to_order_conversion_30d favourite_categories_90d
  favourite_brand_90d peak_shopping_hour_30d weekend_share_90d store_visits_30d favourite_store_90d
  online_share_90d sessions_7d days_since_active social_interactions_30d coupon_redemptions_90d new_customer
  active at_risk lapsed price_sensitive high_value multi_channel suspected_bot
`;

describe('the tags that ship', () => {
  it('are these 46', async () => {
    const names = NAMES.trim().split(/\s+/);
    const { tags } = await tagsIn('catalogue');
    expect(names).toHaveLength(46);
    expect(tags.map(({ name }) => name)).toEqual(names);
  });

  it('have a title and a sentence that explains them, in English and Chinese', async () => {
    const { tags } = await tagsIn('catalogue');
    for (const { title, about } of tags) {
      expect([title, about]).toEqual(
        Array.from({ length: 2 }, () => ({
          en: expect.stringMatching(/^[A-Z]/),
          zh: expect.stringMatching(/\p{Script=Han}/u),
        })),
      );
    }
  });

  it.each([
    ['catalogue', ['days_since_order', 'orders_365d', 'money_365d']],
    ['test/online-retail', ['days_since_order', 'orders_400d', 'money_400d']],
    ['test/online-retail-refunds', ['days_since_order', 'orders_400d', 'money_400d']],
  ])('of %s name R, F and M', async (folder, names) => {
    const { rfm } = await tagsIn(folder);
    expect([rfm.R?.name, rfm.F?.name, rfm.M?.name]).toEqual(names);
  });
});
