/** What the rest of the catalogue offers to triggers: the names they may use. */
import type { ChannelDefinition } from '../channels.ts';
import type { NameType } from '../expression.ts';
import type { TemplateContent } from '../template.ts';

export interface KnownToTriggers {
  readonly tags: ReadonlyMap<string, NameType>;
  /** Further names of an `if`: `profile`, `profile.…`. */
  readonly profile?: ReadonlyMap<string, NameType>;
  readonly coupons: { has(name: string): boolean; keys(): Iterable<string> };
  readonly channels: ReadonlyMap<string, Pick<ChannelDefinition, 'consent'>>;
  readonly templates?: ReadonlyMap<string, TemplateContent>;
  /** Those somebody may mean; others are accepted unless they look like a slip. */
  readonly eventTypes: Iterable<string>;
}
