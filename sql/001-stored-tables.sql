-- The tables the archive writes, in weft_store. Nobody asks them directly: the views of `weft` (002, 003) do.
--
-- Every table is a ReplacingMergeTree whose sorting key is exactly what makes two rows one: a row may be
-- inserted any number of times, in any batch, after any crash, and is read once (FINAL in the view). The token of
-- an insert only saves the work: it is remembered for the last 1,000 inserts of a table, also over a restart.
--
-- Who wins among copies of one row is in `version`, computed here from where the row's message stands in its topic:
--   first copy wins (events, actions, dead letters): all bits of (offset, index, partition) turned over, as the
--     greatest version stays. Offsets below 2^44, index below 2^10, partitions below 2^10.
--   latest copy wins (profile_tags, deliveries, clocks): (at, offset, index) as one 128-bit number.
-- An insert gives `partition`, `offset`, `index` and never `version`. No column has a default that depends on when
-- the insert ran: a replica, or a second run, must store the same.
--
-- No partitions by month: FINAL and merges must meet all copies of a row, whatever moment they claim; an import of
-- years would make parts by the dozen; and the primary key already finds a shopper's or an event's rows.
--
-- Parts are synced before an insert answers (fsync_*): the archive's own mark may move then. 6 ms for a small insert.

CREATE DATABASE IF NOT EXISTS weft_store;

CREATE DATABASE IF NOT EXISTS weft;

-- One row an event. LowCardinality costs an insert 0.7 µs a row and column: it stands where people group by it.
-- `profile` is who it was attributed to when it happened; `weft.profiles` has that profile's root.
CREATE TABLE IF NOT EXISTS weft_store.events
(
    tenant LowCardinality(String),
    id String,
    type LowCardinality(String),
    source LowCardinality(String),
    at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    received_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    profile String,
    anonymous Bool,
    order_id String,
    cart_id String,
    checkout_id String,
    total Nullable(Int64),
    discount Nullable(Int64),
    currency String,
    coupons Array(String),
    items String CODEC(ZSTD(1)),
    store String,
    channel LowCardinality(String),
    campaign String,
    properties String CODEC(ZSTD(1)),
    identifiers String CODEC(ZSTD(1)),
    flags Array(String),
    partition UInt16,
    offset UInt64 CODEC(Delta, ZSTD(1)),
    `index` UInt16,
    version UInt64 MATERIALIZED bitNot(bitOr(bitShiftLeft(offset, 20), bitOr(bitShiftLeft(toUInt64(`index`), 10), toUInt64(partition)))) CODEC(Delta, ZSTD(1)),
    INDEX at_range at TYPE minmax GRANULARITY 1,
    INDEX types type TYPE set(100) GRANULARITY 1,
    INDEX profiles profile TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (tenant, id)
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

-- One row a profile, from the record of its creation. What it was absorbed into follows from `merges`.
CREATE TABLE IF NOT EXISTS weft_store.profiles
(
    tenant LowCardinality(String),
    id String,
    created_at DateTime64(3, 'UTC'),
    created_by LowCardinality(String),
    anonymous Bool
)
ENGINE = ReplacingMergeTree
ORDER BY (tenant, id)
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

-- A row says that a profile held an identifier from a moment on; a second one, with the same valid_from, that it
-- held it until another: the closed row wins, in whatever order they come.
CREATE TABLE IF NOT EXISTS weft_store.profile_identifiers
(
    tenant LowCardinality(String),
    profile String,
    type LowCardinality(String),
    scope LowCardinality(String),
    value String,
    digest String,
    valid_from DateTime64(3, 'UTC'),
    valid_to Nullable(DateTime64(3, 'UTC')),
    version UInt8 MATERIALIZED isNotNull(valid_to),
    INDEX profiles profile TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (tenant, digest, profile, valid_from)
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

-- One row a change of a profile, with the tags it moved: `tags`, `olds` and `news` are of one length, and
-- weft.tag_changes has a row for each. A row a tag costs an insert and every merge three times as much. The key
-- is what happened, not where it was written: a change may be published twice. Time may move a profile more than
-- once at one moment, and each time other tags: the hash.
CREATE TABLE IF NOT EXISTS weft_store.changes
(
    tenant LowCardinality(String),
    profile String,
    cause LowCardinality(String),
    cause_id String,
    at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    tags Array(LowCardinality(String)),
    olds Array(Nullable(String)),
    news Array(Nullable(String)),
    partition UInt16,
    offset UInt64 CODEC(Delta, ZSTD(1)),
    `index` UInt16,
    moved UInt64 MATERIALIZED cityHash64(tags, news)
)
ENGINE = ReplacingMergeTree
ORDER BY (tenant, profile, at, cause, cause_id, moved)
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

-- What a tag is now. A clock tag has `anchor` instead of a value; a tag that left has neither.
CREATE TABLE IF NOT EXISTS weft_store.profile_tags
(
    tenant LowCardinality(String),
    profile String,
    tag LowCardinality(String),
    value Nullable(String),
    anchor Nullable(DateTime64(3, 'UTC')),
    at DateTime64(3, 'UTC'),
    offset UInt64,
    `index` UInt16,
    version UInt128 MATERIALIZED bitShiftLeft(toUInt128(toUnixTimestamp64Milli(at)), 64) + offset * 1024 + `index`
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (tenant, profile, tag)
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

-- `absorbed_before`: who had been absorbed into the absorbed one already.
CREATE TABLE IF NOT EXISTS weft_store.merges
(
    tenant LowCardinality(String),
    merge_id String,
    survivor String,
    absorbed String,
    absorbed_before Array(String),
    rule LowCardinality(String),
    event String,
    effective_at DateTime64(3, 'UTC'),
    changed_at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree
ORDER BY (tenant, merge_id)
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

-- Events whose identifiers were not allowed to meet, and where the event went instead. `identifiers`: digests.
CREATE TABLE IF NOT EXISTS weft_store.identity_refusals
(
    tenant LowCardinality(String),
    event String,
    reason LowCardinality(String),
    attributed_to String,
    identifiers Array(String),
    profiles Array(String),
    effective_at DateTime64(3, 'UTC'),
    changed_at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree
ORDER BY (tenant, event, reason)
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

-- One row a decision, suppressed ones too.
CREATE TABLE IF NOT EXISTS weft_store.actions
(
    tenant LowCardinality(String),
    id String,
    trigger LowCardinality(String),
    profile String,
    event String,
    correlation Nullable(String),
    due_at Nullable(DateTime64(3, 'UTC')),
    decided_at DateTime64(3, 'UTC'),
    outcome LowCardinality(String),
    reason Nullable(String),
    coupon Nullable(String),
    channel Nullable(String),
    partition UInt16,
    offset UInt64,
    `index` UInt16,
    version UInt64 MATERIALIZED bitNot(bitOr(bitShiftLeft(offset, 20), bitOr(bitShiftLeft(toUInt64(`index`), 10), toUInt64(partition)))),
    INDEX decided decided_at TYPE minmax GRANULARITY 1,
    INDEX profiles profile TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (tenant, id)
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

-- One row an attempt to carry one step of an action out.
CREATE TABLE IF NOT EXISTS weft_store.deliveries
(
    tenant LowCardinality(String),
    id String,
    action String,
    trigger LowCardinality(String),
    profile String,
    step UInt16,
    channel LowCardinality(String),
    attempt UInt32,
    outcome LowCardinality(String),
    reason Nullable(String),
    code Nullable(String),
    at DateTime64(3, 'UTC'),
    duration_ms UInt32,
    partition UInt16,
    offset UInt64,
    `index` UInt16,
    version UInt128 MATERIALIZED bitShiftLeft(toUInt128(toUnixTimestamp64Milli(at)), 64) + offset * 1024 + `index`,
    INDEX actions action TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX profiles profile TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (tenant, id)
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

-- Messages that could not be processed, whole. `topic`, `partition`, `offset`: where the message itself stands.
CREATE TABLE IF NOT EXISTS weft_store.dead_letters
(
    tenant LowCardinality(String),
    id String,
    topic LowCardinality(String),
    partition UInt16,
    offset UInt64,
    `index` UInt16,
    source LowCardinality(String),
    code LowCardinality(String),
    reason String,
    body String CODEC(ZSTD(1)),
    at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree
ORDER BY (tenant, id)
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

-- How far each partition of `events` has come: one row a partition, the greatest clock stays.
CREATE TABLE IF NOT EXISTS weft_store.clocks
(
    partition UInt16,
    clock DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(clock)
ORDER BY partition
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

-- The tags of every catalogue seen. All rows of one catalogue have the same `at` (log time of its message); the
-- catalogue with the greatest is the one in force. `rfm`: R, F, M, or empty.
CREATE TABLE IF NOT EXISTS weft_store.catalogue_tags
(
    tenant LowCardinality(String),
    catalogue String,
    at DateTime64(3, 'UTC'),
    name String,
    kind LowCardinality(String),
    unit LowCardinality(String),
    title_en String,
    title_zh String,
    rfm LowCardinality(String)
)
ENGINE = ReplacingMergeTree
ORDER BY (tenant, at, catalogue, name)
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;
