-- Views that answer one question each, over the views of 002.

-- Recency, frequency, monetary by the catalogue's R, F and M tags; whoever ever ordered has a row. A value that
-- left its window is 0; recency counts from the last order to the store's clock, however long ago that was.
CREATE OR REPLACE VIEW weft.rfm AS
SELECT
    t.tenant AS tenant,
    t.profile AS profile,
    maxIf(toInt64OrNull(t.value), c.rfm = 'R') AS recency_days,
    ifNull(maxIf(toInt64OrNull(t.value), c.rfm = 'F'), 0) AS frequency,
    ifNull(maxIf(toInt64OrNull(t.value), c.rfm = 'M'), 0) AS monetary
FROM weft.profile_tags AS t
INNER JOIN (SELECT tenant, name, rfm FROM weft.tags WHERE rfm != '') AS c ON c.tenant = t.tenant AND c.name = t.tag
GROUP BY tenant, profile;

-- Per day (UTC): how many looked, put into the cart, started to check out, paid. Shoppers are counted by their root.
CREATE OR REPLACE VIEW weft.funnel AS
SELECT
    e.tenant AS tenant,
    toDate(e.at) AS day,
    countIf(e.type = 'product_viewed') AS product_views,
    countIf(e.type = 'cart_added') AS cart_adds,
    countIf(e.type = 'checkout_started') AS checkouts,
    countIf(e.type = 'order_paid') AS orders,
    uniqExactIf(shopper, e.type = 'product_viewed') AS product_viewers,
    uniqExactIf(shopper, e.type = 'cart_added') AS cart_adders,
    uniqExactIf(shopper, e.type = 'checkout_started') AS checkout_starters,
    uniqExactIf(shopper, e.type = 'order_paid') AS buyers,
    sumIf(ifNull(e.total, 0), e.type = 'order_paid') AS revenue
FROM
(
    SELECT e.tenant AS tenant, e.at AS at, e.type AS type, e.total AS total, if(r.root = '', e.profile, r.root) AS shopper
    FROM
    (
        SELECT tenant, at, type, total, profile
        FROM weft_store.events FINAL
        WHERE type IN ('product_viewed', 'cart_added', 'checkout_started', 'order_paid')
    ) AS e
    LEFT JOIN weft_store.roots AS r ON r.tenant = e.tenant AND r.id = e.profile
    SETTINGS join_use_nulls = 0
) AS e
GROUP BY tenant, day;

-- What became of each trigger: decisions, why they were suppressed, what went out, and what its coupons brought.
CREATE OR REPLACE VIEW weft.trigger_performance AS
WITH
    decisions AS
    (
        SELECT
            tenant,
            trigger,
            countIf(outcome = 'decided') AS decided,
            countIf(outcome = 'suppressed') AS suppressed,
            sumMapIf(map(ifNull(reason, ''), 1::UInt64), outcome = 'suppressed') AS suppressed_by
        FROM weft.actions
        GROUP BY tenant, trigger
    ),
    outcomes AS
    (
        SELECT
            tenant,
            trigger,
            uniqExactIf(action, outcome = 'accepted') AS delivered,
            countIf(outcome IN ('rejected', 'failed', 'unknown')) AS failed,
            countIf(outcome = 'withheld') AS withheld,
            countIf(outcome = 'issued') AS coupons_issued
        FROM weft.deliveries
        GROUP BY tenant, trigger
    ),
    redemptions AS
    (
        SELECT i.tenant AS tenant, i.trigger AS trigger, uniqExact(i.code) AS coupons_redeemed
        FROM
        (
            SELECT tenant, trigger, assumeNotNull(code) AS code
            FROM weft.deliveries
            WHERE outcome = 'issued' AND isNotNull(code)
        ) AS i
        INNER JOIN
        (
            SELECT DISTINCT
                tenant,
                arrayJoin(if(type = 'order_paid', coupons, [JSONExtractString(properties, 'code')])) AS code
            FROM weft.events
            WHERE type IN ('order_paid', 'coupon_redeemed')
        ) AS u ON u.tenant = i.tenant AND u.code = i.code
        GROUP BY tenant, trigger
    )
SELECT
    d.tenant AS tenant,
    d.trigger AS trigger,
    d.decided AS decided,
    d.suppressed AS suppressed,
    d.suppressed_by AS suppressed_by,
    o.delivered AS delivered,
    o.failed AS failed,
    o.withheld AS withheld,
    o.coupons_issued AS coupons_issued,
    r.coupons_redeemed AS coupons_redeemed
FROM decisions AS d
LEFT JOIN outcomes AS o ON o.tenant = d.tenant AND o.trigger = d.trigger
LEFT JOIN redemptions AS r ON r.tenant = d.tenant AND r.trigger = d.trigger
SETTINGS join_use_nulls = 0;
