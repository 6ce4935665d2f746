-- Abandoned carts of a session, straight from the raw file: something was put in, nothing more was put in and nothing
-- was paid within the wait (both ends count), and the wait was over before time stood still. Moments are whole
-- seconds; Weft looks 300 ms after a wait is over.
SELECT
    user_id AS user,
    user_session AS session,
    toInt64(put_in + {wait:UInt32}) * 1000 AS due
FROM
(
    SELECT
        user_id,
        user_session,
        arraySort(groupUniqArrayIf(moment, event_type = 'cart')) AS carts,
        groupUniqArrayIf(moment, event_type = 'purchase') AS payments
    FROM
    (
        SELECT
            event_type,
            user_id,
            user_session,
            toUnixTimestamp(toDateTime(replaceOne(event_time, ' UTC', ''), 'UTC')) AS moment
        FROM file(
            {raw:String},
            'CSVWithNames',
            'event_time String, event_type String, product_id String, category_id String, category_code String, brand String, price Float64, user_id String, user_session String'
        )
    )
    GROUP BY user_id, user_session
)
ARRAY JOIN carts AS put_in
WHERE NOT arrayExists(other -> other > put_in AND other <= put_in + {wait:UInt32}, carts)
  AND NOT arrayExists(paid -> paid >= put_in AND paid <= put_in + {wait:UInt32}, payments)
  AND (put_in + {wait:UInt32}) * 1000 + 300 <= {until:Int64}
ORDER BY due, user, session
