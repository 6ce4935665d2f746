/** Functions the domain asks for: ids from causes, codes nobody can guess, messages in words. */
import { createHmac, hash } from 'node:crypto';
import type { Catalogue } from '../domain/catalogue/catalogue.ts';
import { madeCode } from '../domain/coupons/code.ts';
import { expiryOf } from '../domain/coupons/coupon.ts';
import { contextOf } from '../domain/dispatch/carried.ts';
import { contentOfStep, renderContent } from '../domain/template.ts';
import type { IssueOf, Render } from '../../streams/carry-out.ts';

const LANGUAGE = 'zh-CN';

/** The same parts give the same id, 32 hex characters; no two lists of parts are confused. */
export const hashIdOf = (...parts: readonly string[]): string =>
  hash('sha256', JSON.stringify(parts), 'hex').slice(0, 32);

/** `key`: the installation's; codes cannot be guessed without it. */
export function couponIssuer(catalogue: Catalogue, key: Uint8Array): IssueOf {
  return (action, name, now) => {
    const coupon = catalogue.coupons.get(name);
    if (!coupon) return undefined;
    const hmac = (text: string): Uint8Array => createHmac('sha256', key).update(text).digest();
    const { prefix, stock, perProfile, pool } = coupon;
    return {
      tenant: action.tenant,
      coupon: name,
      action: action.id,
      profile: action.profile,
      at: now,
      expiresAt: expiryOf(coupon, now),
      madeCode: pool ? null : madeCode({ action: action.id, coupon: name, prefix }, hmac),
      stock,
      perProfile,
    };
  };
}

export function messageRenderer(catalogue: Catalogue): Render {
  return (carried, move) => {
    const content = contentOfStep(move.step, catalogue.templates);
    if (!content) return { ok: false, reason: 'template_unknown' };
    const rendered = renderContent(content, contextOf(carried), LANGUAGE);
    return rendered.kind === 'rendered'
      ? { ok: true, content: rendered.content }
      : { ok: false, reason: rendered.reason };
  };
}
