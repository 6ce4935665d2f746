/**
 * The tags of a catalogue, compiled: which series there are, how each tag is read, and which tags an
 * event of a type can move. Holds nothing of any profile.
 */
import type { AggregatePlan, Folding } from '../aggregates/aggregates.ts';
import { newOpenAggregates } from '../aggregates/open-aggregates.ts';
import { CART_EVENTS } from '../aggregates/open-carts.ts';
import { ORDER_EVENTS } from '../aggregates/order-book.ts';
import { identify, newSeries, type Series, type SeriesOptions } from '../aggregates/series.ts';
import { TILE_MS, type Resolution } from '../aggregates/window.ts';
import type { LocalText } from '../catalogue/entry.ts';
import type { Expression } from '../expression.ts';
import { DAY_MS, type Zone } from '../zone.ts';
import type { RfmRole, TagDefinition } from './definition.ts';
import { readerOf, type PlaceOf, type Read } from './reader.ts';
import { isZeroWhenAbsent, termsOf, type Recipe, type Unit } from './recipe.ts';
import { newOpenValues, valueTableOf, type OpenValues, type ValueTable } from './values.ts';

export interface PlannedTag {
  /** In `TagPlan.tags`. */
  readonly place: number;
  readonly name: string;
  readonly id: number;
  readonly title: LocalText;
  readonly about: LocalText | null;
  readonly unit: Unit;
  readonly rfm: RfmRole | null;
  /** In expressions, what is absent is 0 (counts and sums) or false. */
  readonly whenAbsent: 0 | false | undefined;
  /** From windows; null: from other tags. */
  readonly read: Read | null;
  readonly condition: Expression | null;
  /** Places in `TagPlan.tags` of the tags the condition reads. */
  readonly inputs: readonly number[];
}

/** A tag that moves with the clock: `days_since_…`. */
export interface ClockTag {
  readonly index: number;
  readonly id: number;
  /** Days at which a condition over it can change, ascending; 'any': every day. */
  readonly thresholds: readonly number[] | 'any';
}

/** What an event touched: places of the tags to evaluate, each after those it reads. */
export interface Touched {
  readonly tags: readonly number[];
  readonly series: readonly Series[];
  readonly hasCart: boolean;
  /** Conditions are judged even where no value they read has changed: a number of days did. */
  readonly isByTime?: boolean;
}

export interface TagPlan {
  /** Each tag after those it reads. */
  readonly tags: readonly PlannedTag[];
  readonly byName: ReadonlyMap<string, PlannedTag>;
  readonly byId: ReadonlyMap<number, PlannedTag>;
  readonly aggregates: AggregatePlan;
  readonly touchedBy: ReadonlyMap<string, Touched>;
  /** By types that no tag names. */
  readonly touchedByAny: Touched;
  readonly clocks: readonly ClockTag[];
  /** By place of a series: the tags that read it. */
  readonly readers: readonly (readonly number[])[];
  readonly cartTags: readonly number[];
  readonly rfm: Readonly<Record<RfmRole, PlannedTag | null>>;
  /** Places of all tags. */
  readonly all: readonly number[];
  readonly values: ValueTable;
  /** Means nothing between two calls. */
  readonly scratch: {
    readonly opened: OpenValues;
    readonly moved: Uint8Array;
    readonly scope: Record<string, unknown>;
  };
}

export interface CompiledTag {
  readonly definition: TagDefinition;
  readonly condition: Expression | null;
}

/** `compiled` holds each tag after those it reads. */
export function buildTagPlan(compiled: readonly CompiledTag[], zone: Zone): TagPlan {
  const places = new Map(compiled.map(({ definition }, index) => [definition.name, index]));
  const recipes = compiled.map(({ definition }) => definition.recipe);
  const aggregates = planAggregates(recipes, zone);
  const placeOf: PlaceOf = (id) => aggregates.byId.get(id)?.place ?? -1;
  const tags = compiled.map((tag, place) => planTag(tag, { place, places, placeOf }));
  const values = valueTableOf(tags.map(({ id }) => id));
  const touched = planTouched(tags, recipes, aggregates);
  return {
    tags,
    byName: new Map(tags.map((tag) => [tag.name, tag])),
    byId: new Map(tags.map((tag) => [tag.id, tag])),
    aggregates,
    ...touched,
    clocks: planClocks(tags, recipes),
    rfm: planRfm(tags, recipes),
    all: tags.map(({ place }) => place),
    values,
    scratch: {
      opened: newOpenValues(values),
      moved: new Uint8Array(tags.length),
      scope: Object.create(null) as Record<string, unknown>,
    },
  };
}

interface Places {
  readonly place: number;
  /** Of tags, by name. */
  readonly places: ReadonlyMap<string, number>;
  /** Of series, by id. */
  readonly placeOf: PlaceOf;
}

function planTag(
  { definition, condition }: CompiledTag,
  { place, places, placeOf }: Places,
): PlannedTag {
  const { name, id, title, about, unit, rfm, recipe } = definition;
  const inputs = [...(condition?.names ?? [])].map((input) => places.get(input) ?? -1);
  return {
    place,
    name,
    id,
    title,
    about,
    unit,
    rfm,
    whenAbsent: isZeroWhenAbsent(recipe) ? 0 : unit === 'boolean' ? false : undefined,
    read: recipe.kind === 'when' ? null : readerOf(recipe, placeOf),
    condition,
    inputs: inputs.filter((input) => input >= 0),
  };
}

function planAggregates(recipes: readonly Recipe[], zone: Zone): AggregatePlan {
  const found = new Map<number, { options: SeriesOptions; spans: Set<number> }>();
  for (const { series: options, tiles } of recipes.flatMap(termsOf)) {
    const { id } = identify(options);
    const known = found.get(id) ?? { options, spans: new Set() };
    known.spans.add(tiles);
    found.set(id, known);
  }
  const sorted = [...found].toSorted(([one], [other]) => one - other);
  const series = sorted.map(([, { options, spans }], place) =>
    newSeries(options, { spans, place }),
  );
  const byId = new Map(series.map((one) => [one.id, one]));
  const hasCarts = recipes.some(({ kind }) => kind === 'cart');
  return {
    zone,
    series,
    byId,
    ...planDispatch(series, hasCarts),
    returns: series.filter(isOfReturns),
    ordersKeptDays: daysKept(series),
    hasCarts,
    opened: newOpenAggregates(series),
  };
}

function planDispatch(series: readonly Series[], hasCarts: boolean) {
  const hasReturns = series.some(isOfReturns);
  const foldingOf = (type: string): Folding => ({
    series: series.filter(({ filter }) => filter.types === null || filter.types.includes(type)),
    isOfCart: hasCarts && CART_EVENTS.has(type),
    isOfOrder: hasReturns && ORDER_EVENTS.has(type),
  });
  const types = [...typesOf(series), ...CART_EVENTS, ...ORDER_EVENTS];
  const byType = new Map(types.map((type) => [type, foldingOf(type)]));
  const ofAny = series.filter(({ filter }) => filter.types === null);
  return { byType, byAnyType: { series: ofAny, isOfCart: false, isOfOrder: false } };
}

const typesOf = (series: readonly Series[]): ReadonlySet<string> =>
  new Set(series.flatMap(({ filter }) => filter.types ?? []));

/** Where a window has no end: refunds of older orders take away money only. */
const ORDERS_KEPT_DAYS_MAX = 400;

/** An order is remembered for the longest net window, and at least for a month. */
function daysKept(series: readonly Series[]): number {
  const days = series
    .filter(isOfReturns)
    .map(({ resolution, tilesMax }) => spanMs(resolution, tilesMax) / DAY_MS);
  return Math.min(ORDERS_KEPT_DAYS_MAX, Math.ceil(Math.max(31, ...days)));
}

const isOfReturns = ({ kind }: Series): boolean =>
  kind === 'returned_count' || kind === 'returned_money';

const spanMs = (resolution: Resolution, tiles: number): number =>
  resolution === 'ever' ? Infinity : tiles * TILE_MS[resolution];

function planTouched(
  tags: readonly PlannedTag[],
  recipes: readonly Recipe[],
  { series, byId, byType, byAnyType }: AggregatePlan,
) {
  const readers = series.map((): number[] => []);
  recipes.forEach((recipe, index) => {
    for (const term of termsOf(recipe)) {
      readers[byId.get(identify(term.series).id)?.place ?? -1]?.push(index);
    }
  });
  const cartTags = recipes.flatMap(({ kind }, index) => (kind === 'cart' ? [index] : []));
  const touchedBy = ({ series: touching, isOfCart }: Folding): Touched => {
    const direct = touching.flatMap(({ place }) => readers[place] ?? []);
    const moved = withReaders(tags, new Set([...direct, ...(isOfCart ? cartTags : [])]));
    return { tags: moved, series: touching, hasCart: isOfCart };
  };
  const entries = [...byType].map(([type, folding]) => [type, touchedBy(folding)] as const);
  return {
    touchedBy: new Map(entries),
    touchedByAny: touchedBy(byAnyType),
    readers,
    cartTags,
  };
}

/** Also the tags whose conditions read them, in the order of the plan. */
export function withReaders(tags: readonly PlannedTag[], moved: Set<number>): readonly number[] {
  tags.forEach(({ inputs }, index) => {
    if (inputs.some((input) => moved.has(input))) moved.add(index);
  });
  return [...moved].toSorted((a, b) => a - b);
}

function planClocks(tags: readonly PlannedTag[], recipes: readonly Recipe[]): readonly ClockTag[] {
  return recipes.flatMap((recipe, index): readonly ClockTag[] => {
    const tag = tags[index];
    if (recipe.kind !== 'clock' || tag === undefined) return [];
    const thresholds = new Set<number>();
    for (const { condition } of tags) {
      if (condition === null || !condition.names.has(tag.name)) continue;
      const compared = condition.comparedWith(tag.name);
      if (compared === 'any') return [{ index, id: tag.id, thresholds: compared }];
      for (const threshold of compared) thresholds.add(threshold);
    }
    return [{ index, id: tag.id, thresholds: [...thresholds].toSorted((a, b) => a - b) }];
  });
}

/** Declared, else `days_since_order` and the `orders_…` and `money_…` over the longest span. */
function planRfm(tags: readonly PlannedTag[], recipes: readonly Recipe[]): TagPlan['rfm'] {
  const declared = (role: RfmRole) => tags.find(({ rfm }) => rfm === role);
  const longest = (prefix: string, unit: Unit): PlannedTag | null => {
    let best: PlannedTag | null = null;
    let bestMs = 0;
    tags.forEach((tag, index) => {
      const recipe = recipes[index];
      if (recipe?.kind !== 'total' || tag.unit !== unit || !tag.name.startsWith(prefix)) return;
      const ms = Math.max(
        ...recipe.plus.map(({ series, tiles }) => spanMs(series.resolution, tiles)),
      );
      if (ms > bestMs) [best, bestMs] = [tag, ms];
    });
    return best;
  };
  const recency = tags.find(
    ({ name }, index) => name === 'days_since_order' && recipes[index]?.kind === 'clock',
  );
  return {
    R: declared('R') ?? recency ?? null,
    F: declared('F') ?? longest('orders_', 'count'),
    M: declared('M') ?? longest('money_', 'money'),
  };
}
