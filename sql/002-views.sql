-- Database `weft`: what analysts see. Every view is right at any moment, without FINAL in the question and
-- without settings in the client: FINAL is here. A condition on the columns of a table's key (tenant, id; tenant,
-- profile, tag) reaches through the view to its index.

CREATE OR REPLACE VIEW weft.events AS
SELECT
    tenant, id, type, source, at, received_at, profile, anonymous, order_id, cart_id, checkout_id,
    total, discount, currency, coupons, items, store, channel, campaign, properties, identifiers, flags,
    'events' AS topic, partition, offset
FROM weft_store.events FINAL;

-- Where every absorbed profile has ended up, however long the chain: the latest merge that took it along.
CREATE OR REPLACE VIEW weft_store.roots AS
SELECT
    tenant,
    arrayJoin(arrayPushBack(absorbed_before, absorbed)) AS id,
    argMax(survivor, (changed_at, length(absorbed_before))) AS root,
    min(changed_at) AS absorbed_at
FROM weft_store.merges FINAL
GROUP BY tenant, id;

-- `root` is the profile itself as long as nothing absorbed it.
CREATE OR REPLACE VIEW weft.profiles AS
SELECT
    p.tenant AS tenant,
    p.id AS id,
    if(r.root = '', p.id, r.root) AS root,
    p.created_at AS created_at,
    p.created_by AS created_by,
    p.anonymous AS anonymous,
    if(r.root = '', NULL, r.absorbed_at) AS absorbed_at
FROM (SELECT tenant, id, created_at, created_by, anonymous FROM weft_store.profiles FINAL) AS p
LEFT JOIN weft_store.roots AS r ON r.tenant = p.tenant AND r.id = p.id
SETTINGS join_use_nulls = 0;

-- `profile` as it was at the time; `root` is who holds it now if valid_to is null.
CREATE OR REPLACE VIEW weft.profile_identifiers AS
SELECT
    i.tenant AS tenant,
    i.profile AS profile,
    if(r.root = '', i.profile, r.root) AS root,
    i.type AS type,
    i.scope AS scope,
    i.value AS value,
    i.digest AS digest,
    i.valid_from AS valid_from,
    i.valid_to AS valid_to
FROM
(
    SELECT tenant, profile, type, scope, value, digest, valid_from, valid_to
    FROM weft_store.profile_identifiers FINAL
) AS i
LEFT JOIN weft_store.roots AS r ON r.tenant = i.tenant AND r.id = i.profile
SETTINGS join_use_nulls = 0;

CREATE OR REPLACE VIEW weft.tag_changes AS
SELECT tenant, profile, tag, old, new, cause, cause_id, at, partition, offset
FROM weft_store.changes FINAL
ARRAY JOIN tags AS tag, olds AS old, news AS new;

-- The moment the store is complete up to: the partition that is furthest behind.
CREATE OR REPLACE VIEW weft_store.clock AS
SELECT minOrNull(latest) AS clock
FROM (SELECT max(clock) AS latest FROM weft_store.clocks GROUP BY partition);

-- A clock tag counts whole days from its anchor to the store's clock; `value` is text like all the others.
CREATE OR REPLACE VIEW weft.profile_tags AS
WITH (SELECT clock FROM weft_store.clock) AS now
SELECT
    tenant,
    profile,
    tag,
    if(
        isNull(anchor),
        ifNull(value, ''),
        toString(intDiv(greatest(0, toUnixTimestamp64Milli(ifNull(now, assumeNotNull(anchor))) - toUnixTimestamp64Milli(assumeNotNull(anchor))), 86400000))
    ) AS value,
    at AS since
FROM weft_store.profile_tags AS stored FINAL
WHERE isNotNull(stored.value) OR isNotNull(stored.anchor);

CREATE OR REPLACE VIEW weft.merges AS
SELECT tenant, merge_id, survivor, absorbed, rule, event, effective_at, changed_at
FROM weft_store.merges FINAL;

CREATE OR REPLACE VIEW weft.identity_refusals AS
SELECT tenant, event, reason, attributed_to, identifiers, profiles, effective_at, changed_at
FROM weft_store.identity_refusals FINAL;

CREATE OR REPLACE VIEW weft.actions AS
SELECT
    tenant, id, trigger, profile, event, correlation, due_at, decided_at, outcome, reason, coupon, channel
FROM weft_store.actions FINAL;

CREATE OR REPLACE VIEW weft.deliveries AS
SELECT
    tenant, id, action, trigger, profile, step, channel, attempt, outcome, reason, code, at, duration_ms
FROM weft_store.deliveries FINAL;

CREATE OR REPLACE VIEW weft.dead_letters AS
SELECT tenant, id, topic, partition, offset, source, code, reason, body, at
FROM weft_store.dead_letters FINAL;

-- The tags of the catalogue in force, with their titles.
CREATE OR REPLACE VIEW weft.tags AS
SELECT tenant, name, kind, unit, title_en, title_zh, rfm
FROM weft_store.catalogue_tags FINAL
WHERE (tenant, at) IN (SELECT tenant, max(at) FROM weft_store.catalogue_tags GROUP BY tenant);
