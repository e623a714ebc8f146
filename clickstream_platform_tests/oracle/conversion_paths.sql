-- One row a purchase of people, and one an entity whose day ends with a touch after its last purchase of that day.
WITH conversions AS (
    SELECT
        event_id,
        entity_id,
        event_time,
        order_id,
        revenue,
        analytics_consent AND ads_consent AS allowed,
        max(event_time) OVER earlier AS previous
    FROM events_clean
    WHERE NOT is_bot AND event_name = 'purchase'
    WINDOW earlier AS (
        PARTITION BY entity_id ORDER BY event_time
        RANGE BETWEEN UNBOUNDED PRECEDING AND INTERVAL 1 MICROSECOND PRECEDING
    )
),
last_touches AS (
    SELECT entity_id, date, max(touched_at) AS touched_at FROM touchpoints GROUP BY ALL
),
ends AS (
    SELECT
        event_id AS path_id,
        'conversion' AS outcome,
        event_time AS ended_at,
        entity_id,
        order_id,
        revenue,
        previous,
        -- Of several at one moment, the lowest id of those that may be credited has the touches.
        allowed AND event_id = min(event_id) FILTER (allowed) OVER (PARTITION BY entity_id, event_time) AS takes
    FROM conversions
    UNION ALL
    SELECT
        entity_id || '@' || strftime(touched_at, '%Y%m%dT%H%M%S%f'),
        'open',
        touched_at,
        entity_id,
        NULL,
        0::DECIMAL(18, 2),
        (
            SELECT max(event_time) FROM conversions
            WHERE conversions.entity_id = last_touches.entity_id AND event_time < touched_at
        ),
        true
    FROM last_touches
    WHERE NOT EXISTS (
        FROM conversions
        WHERE
            conversions.entity_id = last_touches.entity_id
            AND event_time >= touched_at
            AND event_time::DATE = date
    )
),
gathered AS (
    SELECT
        path_id,
        outcome,
        count(touch_id) AS touch_count,
        min(touched_at) AS first_touch_at,
        list(touch ORDER BY touch.touched_at, touch.channel, touch.campaign) AS touches
    FROM ends
    JOIN (SELECT *, {touched_at: touched_at, channel: channel, campaign: campaign} AS touch FROM touchpoints) AS held
        ON held.entity_id = ends.entity_id
        AND takes
        AND touched_at <= ended_at
        AND touched_at >= ended_at - getvariable('lookback')
        AND touched_at > coalesce(previous, '-infinity'::TIMESTAMPTZ)
    GROUP BY path_id, outcome
)
SELECT
    path_id,
    outcome,
    ended_at::DATE AS date,
    ended_at,
    entity_id,
    order_id,
    revenue,
    coalesce(list_aggregate(list_transform(touches, lambda t: t.channel), 'string_agg', ' > '), '(none)') AS path,
    coalesce(touch_count, 0) AS touch_count,
    first_touch_at,
    CASE WHEN outcome = 'conversion' THEN list_transform(touches, lambda t, i: {
        position: i::BIGINT, touched_at: t.touched_at, channel: t.channel, campaign: t.campaign
    }) END AS touches
FROM ends
LEFT JOIN gathered USING (path_id, outcome)
