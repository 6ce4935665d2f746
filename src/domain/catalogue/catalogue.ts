/**
 * The whole catalogue: what a marketer edits, compiled together so that a trigger may only name tags,
 * coupons and channels there are. `CatalogueDocument` is what travels in the log; compiling it gives
 * the same catalogue everywhere, as it also says in which time zone the shop's days begin.
 */
import { compileChannels, type ChannelPlan } from '../channels.ts';
import { compileCoupons, type Coupon } from '../coupons/coupon.ts';
import { EVENT_TYPES, type Json } from '../event.ts';
import { hash32 } from '../hash.ts';
import { compileTags } from '../tags/compile.ts';
import type { TagPlan } from '../tags/plan.ts';
import { nameTypeOf } from '../tags/recipe.ts';
import { compileTemplates, type TemplateContent } from '../template.ts';
import { compileTriggers } from '../triggers/compile.ts';
import type { TriggerPlan } from '../triggers/plan.ts';
import type { Zone } from '../zone.ts';
import type { CatalogueProblem } from './entry.ts';

export interface CatalogueDocument {
  /** IANA name. */
  readonly timeZone: string;
  /** File name → parsed content. */
  readonly files: Readonly<Record<string, Json>>;
}

export interface Catalogue {
  /** `hash32` of the document: profiles remember under which catalogue their tags were evaluated. */
  readonly id: number;
  readonly timeZone: string;
  readonly tags: TagPlan;
  readonly triggers: TriggerPlan;
  readonly coupons: ReadonlyMap<string, Coupon>;
  readonly channels: ChannelPlan;
  readonly templates: ReadonlyMap<string, TemplateContent>;
}

export interface FileProblem extends CatalogueProblem {
  readonly file: string;
}

export type CompiledCatalogue =
  | { readonly ok: true; readonly catalogue: Catalogue }
  | { readonly ok: false; readonly problems: readonly FileProblem[] };

/** `zoneOf`: the offsets of an IANA zone. */
export function compileCatalogue(
  document: CatalogueDocument,
  zoneOf: (name: string) => Zone,
): CompiledCatalogue {
  const problems: FileProblem[] = [];
  const content = (file: string): Json => document.files[file] ?? null;
  const read = <T extends { readonly ok: true }>(file: string, compiled: T | Refused): T | null => {
    if (compiled.ok) return compiled;
    problems.push(...compiled.problems.map((problem) => ({ file, ...problem })));
    return null;
  };
  const zone = zoneOf(document.timeZone);
  const tags = read('tags.yaml', compileTags(content('tags.yaml'), { zone }));
  const coupons = read('coupons.yaml', compileCoupons(content('coupons.yaml')));
  const channels = read('channels.yaml', compileChannels(content('channels.yaml')));
  const templates = read('templates.yaml', compileTemplates(content('templates.yaml')));
  const known = {
    tags: new Map(tags?.plan.tags.map((tag) => [tag.name, nameTypeOf(tag.unit)])),
    profile: new Map([['profile', 'object' as const]]),
    coupons: coupons?.coupons ?? new Map<string, Coupon>(),
    channels: channels?.plan.channels ?? new Map<string, never>(),
    templates: templates?.templates ?? new Map<string, TemplateContent>(),
    eventTypes: EVENT_TYPES,
  };
  // A tag that could not be read would be missed by every trigger that names it: one fault, not many.
  const triggers =
    tags && coupons && channels && templates
      ? read('triggers.yaml', compileTriggers(content('triggers.yaml'), known))
      : null;
  if (!tags || !coupons || !channels || !templates || !triggers) return { ok: false, problems };
  return {
    ok: true,
    catalogue: {
      id: hash32(JSON.stringify(document)),
      timeZone: document.timeZone,
      tags: tags.plan,
      triggers: triggers.plan,
      coupons: coupons.coupons,
      channels: channels.plan,
      templates: templates.templates,
    },
  };
}

interface Refused {
  readonly ok: false;
  readonly problems: readonly CatalogueProblem[];
}
