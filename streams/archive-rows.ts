/**
 * Messages as rows of the tables in `sql/`: names and units are those of the tables, moments are
 * integer ms (a DateTime64(3) takes them as they are), phones and mail addresses are masked. Pure.
 */
import { maskIdentifier } from '../src/domain/identity/mask.ts';
import type {
  Action,
  CatalogueMessage,
  Change,
  DeadLetter,
  Delivery,
  IdentityRecord,
  Marker,
  Message,
  StitchedEvent,
  TagChange,
  TagValue,
} from '../src/domain/message.ts';

/** Where the message itself stands, and when it was written. */
export interface Place {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly index: number;
  readonly logTime: number;
}

export interface Row {
  readonly table: string;
  readonly values: Readonly<Record<string, unknown>>;
}

/** What the catalogue says of its tags, for the views that need it. */
export type CatalogueTags = (text: string) => readonly {
  readonly name: string;
  readonly kind: string;
  readonly unit: string;
  readonly title: { readonly en: string; readonly zh: string };
  readonly rfm: string;
}[];

export function rowsOf(message: Message, place: Place, tagsOf: CatalogueTags): readonly Row[] {
  switch (message.kind) {
    case 'event':
      return message.forwardedFrom === null ? [eventRow(message, place)] : [];
    case 'identity':
      return identityRows(message);
    case 'marker':
      return [markerRow(message, place)];
    case 'catalogue':
      return catalogueRows(message, place, tagsOf);
    case 'change':
      return changeRows(message, place);
    case 'action':
      return [actionRow(message, place)];
    case 'delivery':
      return [deliveryRow(message, place)];
    case 'dead_letter':
      return [deadLetterRow(message)];
    case 'transfer':
    case 'raw':
      return [];
  }
}

function eventRow(event: StitchedEvent, place: Place): Row {
  return {
    table: 'events',
    values: {
      tenant: event.tenant,
      id: event.id,
      type: event.type,
      source: event.source,
      at: event.at,
      received_at: event.receivedAt,
      profile: event.profile,
      anonymous: event.anonymous,
      order_id: event.order?.id ?? '',
      cart_id: event.cart ?? '',
      checkout_id: event.checkout ?? '',
      total: event.order?.total ?? null,
      discount: event.order?.discount ?? null,
      currency: event.order?.currency ?? '',
      coupons: event.order?.coupons ?? [],
      items: JSON.stringify(event.items),
      store: event.store ?? '',
      channel: event.channel ?? '',
      campaign: event.campaign ?? '',
      properties: event.properties,
      identifiers: JSON.stringify(
        event.identifiers.map(({ type, scope, value }) => ({
          type,
          ...(scope === '' ? {} : { scope }),
          value: maskIdentifier(type, value),
        })),
      ),
      flags: event.flags,
      ...standing(place),
      topic: place.topic,
    },
  };
}

function identityRows(record: IdentityRecord): readonly Row[] {
  const { tenant } = record;
  switch (record.change) {
    case 'created':
      return [
        {
          table: 'profiles',
          values: {
            tenant,
            id: record.pid,
            created_at: record.effectiveAt,
            created_by: record.createdBy ?? '',
            anonymous: record.anonymousOf !== null,
          },
        },
      ];
    case 'attached':
      return [];
    case 'merged':
      return [
        {
          table: 'merges',
          values: {
            tenant,
            merge_id: record.mergeId,
            survivor: record.survivor,
            absorbed: record.absorbed,
            absorbed_before: record.absorbedBefore,
            rule: record.rule,
            event: record.eventId,
            ...times(record),
          },
        },
      ];
    case 'refused':
      return [
        {
          table: 'identity_refusals',
          values: {
            tenant,
            event: record.eventId,
            reason: record.reason,
            attributed_to: record.attributedTo,
            identifiers: record.identifiers.map((each) => each.digest),
            profiles: record.pids,
            ...times(record),
          },
        },
      ];
  }
}

const times = (record: IdentityRecord): Readonly<Record<string, number>> => ({
  effective_at: record.effectiveAt,
  changed_at: record.changedAt,
});

const markerRow = (marker: Marker, place: Place): Row => ({
  table: 'clocks',
  values: { partition: place.partition, clock: marker.clock },
});

function catalogueRows(
  catalogue: CatalogueMessage,
  place: Place,
  tagsOf: CatalogueTags,
): readonly Row[] {
  if (place.partition !== 0) return [];
  return tagsOf(catalogue.text).map((tag) => ({
    table: 'catalogue_tags',
    values: {
      tenant: 'default',
      catalogue: catalogue.hash,
      at: place.logTime,
      name: tag.name,
      kind: tag.kind,
      unit: tag.unit,
      title_en: tag.title.en,
      title_zh: tag.title.zh,
      rfm: tag.rfm,
    },
  }));
}

function changeRows(change: Change, place: Place): readonly Row[] {
  const { tenant, profile } = change;
  const tags = change.tags.flatMap((tag) => [
    {
      table: 'tag_changes',
      values: {
        tenant,
        profile,
        tag: tag.name,
        old: asText(tag.old),
        new: asText(tag.new),
        cause: change.cause,
        cause_id: change.causeId,
        at: change.at,
        ...standing(place),
      },
    },
    currentTag(change, tag, place),
  ]);
  const identifiers = change.identifiers.map((each) => ({
    table: 'profile_identifiers',
    values: {
      tenant,
      profile,
      type: each.type,
      scope: each.scope,
      value: maskIdentifier(each.type, each.value),
      digest: each.digest,
      valid_from: each.validFrom,
      valid_to: each.validTo,
    },
  }));
  return [...tags, ...identifiers];
}

function currentTag(change: Change, tag: TagChange, place: Place): Row {
  return {
    table: 'profile_tags',
    values: {
      tenant: change.tenant,
      profile: change.profile,
      tag: tag.name,
      value: asText(tag.new),
      anchor: tag.anchor,
      since: change.at,
      removed: tag.new === null && tag.anchor === null,
      at: change.at,
      ...standing(place),
    },
  };
}

function actionRow(action: Action, place: Place): Row {
  const coupon = action.steps.find((step) => 'coupon' in step);
  const channel = action.steps.find((step) => 'channel' in step);
  return {
    table: 'actions',
    values: {
      tenant: action.tenant,
      id: action.id,
      trigger: action.trigger,
      profile: action.profile,
      event: action.event,
      correlation: action.correlation,
      due_at: action.dueAt,
      decided_at: action.decidedAt,
      outcome: action.outcome,
      reason: action.reason,
      coupon: coupon?.coupon ?? null,
      channel: channel?.channel ?? null,
      ...standing(place),
    },
  };
}

function deliveryRow(delivery: Delivery, place: Place): Row {
  const { tenant, id, action, trigger, profile, step, channel, attempt } = delivery;
  const { outcome, reason, code, at, durationMs } = delivery;
  return {
    table: 'deliveries',
    values: {
      tenant,
      id,
      action,
      trigger,
      profile,
      step,
      channel,
      attempt,
      outcome,
      reason,
      code,
      at: at,
      duration_ms: durationMs,
      ...standing(place),
    },
  };
}

function deadLetterRow(letter: DeadLetter): Row {
  const { topic, partition, offset, index } = letter.origin;
  return {
    table: 'dead_letters',
    values: {
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
    },
  };
}

const standing = ({ partition, offset, index }: Place): Readonly<Record<string, number>> => ({
  partition,
  offset,
  index,
});

const asText = (value: TagValue | null): string | null =>
  value === null ? null : typeof value === 'object' ? JSON.stringify(value) : String(value);
