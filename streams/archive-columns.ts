/**
 * The tables that most events touch, gathered as columns: nothing is allocated for a row. Names and units
 * are those of the tables in `sql/`; phones and mail addresses are masked. What is rare stands in
 * `archive-rows.ts`.
 */
import { maskIdentifier } from '../src/domain/identity/mask.ts';
import type {
  Action,
  Change,
  Delivery,
  IdentityRecord,
  StitchedEvent,
  TagValue,
} from '../src/domain/message.ts';
import {
  flags,
  int64s,
  lists,
  moments,
  nullable,
  nullableTexts,
  uint16s,
  texts,
  uint32s,
  uint64s,
  words,
} from '../src/runtime/native/columns.ts';
import type { Place } from './archive-rows.ts';
import { writeIdentifiers, writeItems, writeList } from './archive-json.ts';

export type ArchiveColumns = ReturnType<typeof createArchiveColumns>;

/** Where the message stands: says which copy of a row wins. */
const standing = () => ({ partition: uint16s(), offset: uint64s(), index: uint16s() });

export const createArchiveColumns = () => ({
  events: {
    tenant: words(),
    id: texts(),
    type: words(),
    source: words(),
    at: moments(),
    received_at: moments(),
    profile: texts(),
    anonymous: flags(),
    order_id: texts(),
    cart_id: texts(),
    checkout_id: texts(),
    total: nullable(int64s()),
    discount: nullable(int64s()),
    currency: texts(),
    coupons: lists(texts()),
    items: texts(),
    store: texts(),
    channel: words(),
    campaign: texts(),
    properties: texts(),
    identifiers: texts(),
    flags: lists(texts()),
    ...standing(),
  },
  profiles: {
    tenant: words(),
    id: texts(),
    created_at: moments(),
    created_by: words(),
    anonymous: flags(),
  },
  profile_identifiers: {
    tenant: words(),
    profile: texts(),
    type: words(),
    scope: words(),
    value: texts(),
    digest: texts(),
    valid_from: moments(),
    valid_to: nullable(moments()),
  },
  changes: {
    tenant: words(),
    profile: texts(),
    cause: words(),
    cause_id: texts(),
    at: moments(),
    tags: lists(words()),
    olds: lists(nullableTexts()),
    news: lists(nullableTexts()),
    ...standing(),
  },
  profile_tags: {
    tenant: words(),
    profile: texts(),
    tag: words(),
    value: nullableTexts(),
    anchor: nullable(moments()),
    at: moments(),
    offset: uint64s(),
    index: uint16s(),
  },
  actions: {
    tenant: words(),
    id: texts(),
    trigger: words(),
    profile: texts(),
    event: texts(),
    correlation: nullableTexts(),
    due_at: nullable(moments()),
    decided_at: moments(),
    outcome: words(),
    reason: nullableTexts(),
    coupon: nullableTexts(),
    channel: nullableTexts(),
    ...standing(),
  },
  deliveries: {
    tenant: words(),
    id: texts(),
    action: texts(),
    trigger: words(),
    profile: texts(),
    step: uint16s(),
    channel: words(),
    attempt: uint32s(),
    outcome: words(),
    reason: nullableTexts(),
    code: nullableTexts(),
    at: moments(),
    duration_ms: uint32s(),
    ...standing(),
  },
});

export function addEvent({ events }: ArchiveColumns, event: StitchedEvent, place: Place): void {
  const { order } = event;
  events.tenant.push(event.tenant);
  events.id.push(event.id);
  events.type.push(event.type);
  events.source.push(event.source);
  events.at.push(event.at);
  events.received_at.push(event.receivedAt);
  events.profile.push(event.profile);
  events.anonymous.push(event.anonymous);
  events.order_id.push(order?.id ?? '');
  events.cart_id.push(event.cart ?? '');
  events.checkout_id.push(event.checkout ?? '');
  events.total.push(order?.total ?? null);
  events.discount.push(order?.discount ?? null);
  events.currency.push(order?.currency ?? '');
  if (order) for (const coupon of order.coupons) events.coupons.items.push(coupon);
  events.coupons.end();
  writeItems(events.items.open(), event.items);
  events.items.close();
  events.store.push(event.store ?? '');
  events.channel.push(event.channel ?? '');
  events.campaign.push(event.campaign ?? '');
  events.properties.push(event.properties);
  writeIdentifiers(events.identifiers.open(), event.identifiers);
  events.identifiers.close();
  for (const flag of event.flags) events.flags.items.push(flag);
  events.flags.end();
  stand(events, place);
}

export function addProfile(
  { profiles }: ArchiveColumns,
  record: Extract<IdentityRecord, { readonly change: 'created' }>,
): void {
  profiles.tenant.push(record.tenant);
  profiles.id.push(record.pid);
  profiles.created_at.push(record.effectiveAt);
  profiles.created_by.push(record.createdBy ?? '');
  profiles.anonymous.push(record.anonymousOf !== null);
}

/** What moved as one row, with lists; what each tag is now and who holds what as rows of their own. */
export function addChange(columns: ArchiveColumns, change: Change, place: Place): void {
  const { changes, profile_tags, profile_identifiers } = columns;
  const { tenant, profile, at } = change;
  if (change.tags.length > 0) {
    changes.tenant.push(tenant);
    changes.profile.push(profile);
    changes.cause.push(change.cause);
    changes.cause_id.push(change.causeId);
    changes.at.push(at);
    for (const tag of change.tags) {
      changes.tags.items.push(tag.name);
      pushValue(changes.olds.items, tag.old);
      pushValue(changes.news.items, tag.new);
      profile_tags.tag.push(tag.name);
      pushValue(profile_tags.value, tag.new);
      profile_tags.anchor.push(tag.anchor);
    }
    changes.tags.end();
    changes.olds.end();
    changes.news.end();
    stand(changes, place);
    const rows = change.tags.length;
    profile_tags.tenant.push(tenant, rows);
    profile_tags.profile.push(profile, rows);
    profile_tags.at.push(at, rows);
    profile_tags.offset.push(place.offset, rows);
    profile_tags.index.push(place.index, rows);
  }
  for (const each of change.identifiers) {
    profile_identifiers.tenant.push(tenant);
    profile_identifiers.profile.push(profile);
    profile_identifiers.type.push(each.type);
    profile_identifiers.scope.push(each.scope);
    profile_identifiers.value.push(maskIdentifier(each.type, each.value));
    profile_identifiers.digest.push(each.digest);
    profile_identifiers.valid_from.push(each.validFrom);
    profile_identifiers.valid_to.push(each.validTo);
  }
}

export function addAction({ actions }: ArchiveColumns, action: Action, place: Place): void {
  const coupon = action.steps.find((step) => 'coupon' in step);
  const channel = action.steps.find((step) => 'channel' in step);
  actions.tenant.push(action.tenant);
  actions.id.push(action.id);
  actions.trigger.push(action.trigger);
  actions.profile.push(action.profile);
  actions.event.push(action.event);
  actions.correlation.push(action.correlation);
  actions.due_at.push(action.dueAt);
  actions.decided_at.push(action.decidedAt);
  actions.outcome.push(action.outcome);
  actions.reason.push(action.reason);
  actions.coupon.push(coupon?.coupon ?? null);
  actions.channel.push(channel?.channel ?? null);
  stand(actions, place);
}

export function addDelivery(
  { deliveries }: ArchiveColumns,
  delivery: Delivery,
  place: Place,
): void {
  deliveries.tenant.push(delivery.tenant);
  deliveries.id.push(delivery.id);
  deliveries.action.push(delivery.action);
  deliveries.trigger.push(delivery.trigger);
  deliveries.profile.push(delivery.profile);
  deliveries.step.push(delivery.step);
  deliveries.channel.push(delivery.channel);
  deliveries.attempt.push(delivery.attempt);
  deliveries.outcome.push(delivery.outcome);
  deliveries.reason.push(delivery.reason);
  deliveries.code.push(delivery.code);
  deliveries.at.push(delivery.at);
  deliveries.duration_ms.push(delivery.durationMs);
  stand(deliveries, place);
}

function stand(columns: ReturnType<typeof standing>, place: Place): void {
  columns.partition.push(place.partition);
  columns.offset.push(place.offset);
  columns.index.push(place.index);
}

function pushValue(column: ReturnType<typeof nullableTexts>, value: TagValue | null): void {
  if (typeof value === 'number') column.pushNumber(value);
  else if (typeof value === 'boolean') column.push(value ? 'true' : 'false');
  else if (typeof value === 'string' || value === null) column.push(value);
  else {
    writeList(column.open(), value);
    column.close();
  }
}
