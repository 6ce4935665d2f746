/**
 * Policy P0 as data (identity.md 2.1): what each type of identifier may do. Every identity record
 * carries the version it was decided under; another policy is another version.
 */
import { IDENTIFIER_TYPES } from './identifier.ts';
import type { IdentifierType } from './identifier.ts';
import type { ProfileLimits } from './profile-record.ts';

interface TypeRule {
  /** Strong identifiers are never shared and never hubs. */
  readonly strength: 'strong' | 'soft';
  /** A profile holds one value for each scope; two different ones are a clash. */
  readonly isUnique: boolean;
  /** Canonical order begins with it; 1 is the strongest. */
  readonly priority: number;
  /** Values a profile may hold, over all scopes. */
  readonly valuesMax: number;
  /** Distinct owners of a shared identifier; one more makes it a hub. */
  readonly ownersMax: number;
  readonly scope: 'none' | 'optional' | 'required';
}

export interface Policy {
  readonly version: number;
  readonly types: Readonly<Record<IdentifierType, TypeRule>>;
  readonly identifiersMax: number;
  /** Profiles a profile may absorb, directly or through another. */
  readonly absorbedMax: number;
}

const strong = (priority: number, scope: TypeRule['scope']): TypeRule => ({
  strength: 'strong',
  isUnique: true,
  priority,
  valuesMax: Infinity,
  ownersMax: Infinity,
  scope,
});

type Soft = Pick<TypeRule, 'priority' | 'valuesMax' | 'ownersMax' | 'scope'>;

const soft = (rule: Soft): TypeRule => ({ strength: 'soft', isUnique: false, ...rule });

export const P0: Policy = {
  version: 0,
  types: {
    member: strong(1, 'none'),
    uid: strong(2, 'none'),
    unionid: strong(3, 'optional'),
    phone: soft({ priority: 4, valuesMax: 3, ownersMax: 3, scope: 'none' }),
    email: soft({ priority: 5, valuesMax: 5, ownersMax: 3, scope: 'none' }),
    buyer: soft({ priority: 6, valuesMax: 10, ownersMax: 3, scope: 'required' }),
    openid: soft({ priority: 7, valuesMax: 20, ownersMax: 3, scope: 'required' }),
    device: soft({ priority: 8, valuesMax: 50, ownersMax: 10, scope: 'none' }),
  },
  identifiersMax: 1_000,
  absorbedMax: 100,
};

/** The scope of an identifier whose type may have one and which was sent without. */
export const DEFAULT_SCOPE = 'default';

/** What the identity store must hold a profile to, whoever writes to it. */
export function profileLimits(policy: Policy): ProfileLimits {
  const perType: Record<string, number> = {};
  for (const type of IDENTIFIER_TYPES) perType[type] = policy.types[type].valuesMax;
  return {
    perType,
    uniqueTypes: IDENTIFIER_TYPES.filter((type) => policy.types[type].isUnique),
    identifiersMax: policy.identifiersMax,
    absorbedMax: policy.absorbedMax,
  };
}
