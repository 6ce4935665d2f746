/**
 * Messages as rows of the tables in `sql/`, gathered until they are taken: what most events touch as
 * columns (`archive-columns.ts`), the rare rest as JSON texts. Moments are integer ms, which a DateTime64(3)
 * takes as they are. Pure.
 */
import type {
  CatalogueMessage,
  DeadLetter,
  IdentityRecord,
  Marker,
  Message,
} from '../src/domain/message.ts';
import type { RowBlock } from '../src/ports/analytics-store.ts';
import { takeBlock } from '../src/runtime/native/columns.ts';
import {
  addAction,
  addChange,
  addDelivery,
  addEvent,
  addProfile,
  createArchiveColumns,
} from './archive-columns.ts';

/** Where the message itself stands, and when it was written. */
export interface Place {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly index: number;
  readonly logTime: number;
}

/** What the catalogue says of its tags, for the views that need it. */
export type CatalogueTags = (text: string) => readonly {
  readonly name: string;
  readonly kind: string;
  readonly unit: string;
  readonly title: { readonly en: string; readonly zh: string };
  readonly rfm: string;
}[];

export type TableRows = readonly string[] | RowBlock;

export interface ArchiveRows {
  add(message: Message, place: Place): void;
  /** Everything added since, by table; tables without rows are left out. */
  take(): ReadonlyMap<string, TableRows>;
}

export function createArchiveRows(tagsOf: CatalogueTags): ArchiveRows {
  const columns = createArchiveColumns();
  let rare = new Map<string, string[]>();
  /** The greatest clock of each partition is all that the table keeps. */
  const clocks = new Map<number, number>();

  const addRare = (table: string, values: Readonly<Record<string, unknown>>): void => {
    const texts = rare.get(table);
    if (texts) texts.push(JSON.stringify(values));
    else rare.set(table, [JSON.stringify(values)]);
  };

  return {
    add(message, place) {
      switch (message.kind) {
        case 'event':
          if (message.forwardedFrom === null) addEvent(columns, message, place);
          return;
        case 'change':
          return addChange(columns, message, place);
        case 'action':
          return addAction(columns, message, place);
        case 'delivery':
          return addDelivery(columns, message, place);
        case 'marker':
          return noteClock(clocks, message, place);
        case 'identity':
          if (message.change === 'created') addProfile(columns, message);
          else if (message.change === 'merged') addRare('merges', mergeRow(message));
          else if (message.change === 'refused') addRare('identity_refusals', refusalRow(message));
          return;
        case 'catalogue':
          for (const row of catalogueRows(message, place, tagsOf)) addRare('catalogue_tags', row);
          return;
        case 'dead_letter':
          return addRare('dead_letters', deadLetterRow(message));
        case 'transfer':
        case 'raw':
          return;
      }
    },
    take() {
      for (const [partition, clock] of clocks) addRare('clocks', { partition, clock });
      clocks.clear();
      const tables = new Map<string, TableRows>(rare);
      rare = new Map();
      for (const [table, block] of Object.entries(columns)) {
        const taken = takeBlock(block);
        if (taken.rows > 0) tables.set(table, taken);
      }
      return tables;
    },
  };
}

function noteClock(clocks: Map<number, number>, { clock }: Marker, { partition }: Place): void {
  if (clock > (clocks.get(partition) ?? -Infinity)) clocks.set(partition, clock);
}

type RecordOf<Kind extends IdentityRecord['change']> = Extract<
  IdentityRecord,
  { readonly change: Kind }
>;

const mergeRow = (record: RecordOf<'merged'>) => ({
  tenant: record.tenant,
  merge_id: record.mergeId,
  survivor: record.survivor,
  absorbed: record.absorbed,
  absorbed_before: record.absorbedBefore,
  rule: record.rule,
  event: record.eventId,
  effective_at: record.effectiveAt,
  changed_at: record.changedAt,
});

const refusalRow = (record: RecordOf<'refused'>) => ({
  tenant: record.tenant,
  event: record.eventId,
  reason: record.reason,
  attributed_to: record.attributedTo,
  identifiers: record.identifiers.map((each) => each.digest),
  profiles: record.pids,
  effective_at: record.effectiveAt,
  changed_at: record.changedAt,
});

/** Every partition has the catalogue; one says it. */
const catalogueRows = (catalogue: CatalogueMessage, place: Place, tagsOf: CatalogueTags) =>
  place.partition !== 0
    ? []
    : tagsOf(catalogue.text).map((tag) => ({
        tenant: 'default',
        catalogue: catalogue.hash,
        at: place.logTime,
        name: tag.name,
        kind: tag.kind,
        unit: tag.unit,
        title_en: tag.title.en,
        title_zh: tag.title.zh,
        rfm: tag.rfm,
      }));

function deadLetterRow(letter: DeadLetter) {
  const { topic, partition, offset, index } = letter.origin;
  return {
    tenant: letter.tenant,
    id: `${topic}/${partition}/${offset}/${index}`,
    topic,
    partition,
    offset,
    index,
    source: letter.source,
    code: letter.code,
    reason: letter.reason,
    body: new TextDecoder().decode(letter.body),
    at: letter.at,
  };
}
