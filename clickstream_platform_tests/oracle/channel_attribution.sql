-- The rule-based models. Of touches in a row with one channel and campaign, the last one counts. An amount is shared in
-- whole cents (billionths, of a conversion): rounded half up at each cumulative share, the differences being the parts.
WITH unfolded AS (
    SELECT date AS path_date, path_id, unnest(touches, recursive := true)
    FROM conversion_paths
    WHERE outcome = 'conversion' AND touch_count > 0
),
exposures AS (
    SELECT *
    FROM unfolded
    QUALIFY (channel, campaign) IS DISTINCT FROM lead((channel, campaign)) OVER (
        PARTITION BY path_date, path_id ORDER BY position
    )
),
placed AS (
    SELECT
        * EXCLUDE (position),
        row_number() OVER in_order AS place,
        count(*) OVER path AS touches,
        max(touched_at) OVER path AS latest
    FROM exposures
    WINDOW path AS (PARTITION BY path_date, path_id), in_order AS (path ORDER BY position)
),
measured AS (
    SELECT
        *,
        coalesce(max(place) FILTER (channel <> 'Direct') OVER path, touches) AS last_other,
        floor(pow(2, 30 - date_diff('microsecond', touched_at, latest) / (7 * 86400e6)) + 0.5) AS weight
    FROM placed
    WINDOW path AS (PARTITION BY path_date, path_id)
),
weighed AS (
    SELECT
        path_date,
        path_id,
        place,
        channel,
        campaign,
        model,
        CASE model
            WHEN 'first' THEN (place = 1)::DOUBLE
            WHEN 'last' THEN (place = touches)::DOUBLE
            WHEN 'last_non_direct' THEN (place = last_other)::DOUBLE
            WHEN 'linear' THEN 1
            WHEN 'time_decay' THEN weight
            -- Fifths and their parts as whole numbers, so that sums are exact.
            WHEN 'position_based' THEN
                CASE WHEN touches <= 2 THEN 1 WHEN place IN (1, touches) THEN 2 * (touches - 2) ELSE 1 END
        END AS weight
    FROM measured, (
        SELECT unnest(['first', 'last', 'last_non_direct', 'linear', 'position_based', 'time_decay']) AS model
    )
),
shares AS (
    SELECT
        *,
        coalesce(sum(weight) OVER before, 0) / sum(weight) OVER path AS share_before,
        sum(weight) OVER until_here / sum(weight) OVER path AS share_after
    FROM weighed
    WINDOW
        path AS (PARTITION BY path_date, path_id, model),
        before AS (path ORDER BY place ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING),
        until_here AS (path ORDER BY place)
),
refunds AS (
    SELECT event_date AS date, event_id, event_time, order_id, (-100 * revenue)::BIGINT AS cents
    FROM events_clean
    WHERE event_name = 'refund' AND NOT is_bot
),
orders AS (
    SELECT date AS path_date, path_id, order_id, ended_at, (100 * revenue)::BIGINT AS worth
    FROM conversion_paths
    WHERE outcome = 'conversion' AND order_id IS NOT NULL
),
found AS (
    SELECT refunds.date, event_id, path_date, path_id, worth
    FROM refunds
    JOIN orders
        ON orders.order_id = refunds.order_id
        AND path_date BETWEEN refunds.date - 30 AND refunds.date
    QUALIFY row_number() OVER (
        PARTITION BY refunds.date, event_id ORDER BY path_date DESC, ended_at DESC, path_id DESC
    ) = 1
),
taken AS (
    SELECT
        refunds.date,
        path_date,
        path_id,
        cents,
        CASE WHEN path_id IS NULL THEN 0 ELSE least(worth, sum(cents) OVER so_far) END::BIGINT AS high,
        CASE WHEN path_id IS NULL THEN 0 ELSE least(worth, sum(cents) OVER so_far - cents) END::BIGINT AS low
    FROM refunds
    LEFT JOIN found USING (date, event_id)
    WINDOW so_far AS (
        PARTITION BY path_date, path_id ORDER BY event_time, event_id
        ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    )
),
amounts AS (
    SELECT date, date AS path_date, path_id, 1000000000 AS billionths, (100 * revenue)::BIGINT AS cents, 0 AS low, 0 AS high
    FROM conversion_paths
    WHERE outcome = 'conversion'
    UNION ALL
    SELECT date, path_date, path_id, 0, 0, low, high FROM taken WHERE path_id IS NOT NULL
),
credited AS (
    SELECT
        date,
        coalesce(channel, 'Direct') AS channel,
        coalesce(campaign, '(not set)') AS campaign,
        model,
        coalesce(share_before, 0) AS b,
        coalesce(share_after, 1) AS a,
        floor(billionths * a + 0.5) - floor(billionths * b + 0.5) AS billionths,
        floor(cents * a + 0.5) - floor(cents * b + 0.5) AS cents,
        floor(high * a + 0.5) - floor(high * b + 0.5) - floor(low * a + 0.5) + floor(low * b + 0.5) AS back
    FROM amounts
    LEFT JOIN shares USING (path_date, path_id)
),
models AS (
    SELECT unnest(['first', 'last', 'last_non_direct', 'linear', 'position_based', 'time_decay']) AS model
),
costs AS (
    SELECT spend_date AS date, channel, campaign, sum(cost)::DECIMAL(18, 2) AS cost
    FROM marketing_spend_clean
    GROUP BY ALL
),
lines AS (
    SELECT date, channel, campaign, coalesce(credited.model, models.model) AS model, billionths, cents, back
    FROM credited
    JOIN models ON credited.model IS NULL OR credited.model = models.model
    UNION ALL
    SELECT date, '(unknown)', '(not set)', model, 0, 0, taken.cents - high + low FROM taken, models
    WHERE taken.cents - high + low > 0
    UNION ALL
    SELECT date, channel, campaign, model, 0, 0, 0
    FROM (SELECT date, channel, campaign FROM credited UNION SELECT date, channel, campaign FROM costs), models
)
SELECT
    date,
    channel,
    campaign,
    model,
    round(sum(billionths) / 1e9, 9) AS conversions,
    (sum(lines.cents)::BIGINT * 0.01)::DECIMAL(18, 2) AS revenue,
    (sum(back)::BIGINT * 0.01)::DECIMAL(18, 2) AS refunds,
    (sum(lines.cents - back)::BIGINT * 0.01)::DECIMAL(18, 2) AS net_revenue,
    any_value(cost) AS cost,
    CASE WHEN any_value(cost) > 0 THEN sum(lines.cents) / (100 * any_value(cost)) END::DOUBLE AS roas
FROM lines
LEFT JOIN costs USING (date, channel, campaign)
GROUP BY date, channel, campaign, model
