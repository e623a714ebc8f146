-- One row a session of people who allow analytics. Three things begin one: an entity's first event, a gap longer than the timeout, and
-- midnight, when the activity has had no such gap since before the midnight before (so a day's sessions follow from
-- the events of few days). `first_event` means: nothing of the entity earlier on the day or on the day before; how far
-- back anybody looks changes nothing.
WITH ordered AS (
    SELECT
        *,
        lag(event_time) OVER latest AS previous,
        date_trunc('day', event_time) - INTERVAL 1 DAY AS horizon
    FROM events_clean
    WHERE NOT is_bot AND analytics_consent
    WINDOW latest AS (PARTITION BY entity_id ORDER BY event_time, event_id)
),
gaps AS (
    SELECT *, previous IS NULL OR event_time > previous + getvariable('timeout') AS after_gap
    FROM ordered
),
activities AS (
    SELECT *, max(event_time) FILTER (after_gap) OVER so_far AS active_since
    FROM gaps
    WINDOW so_far AS (PARTITION BY entity_id ORDER BY event_time, event_id)
),
starts AS (
    SELECT
        *,
        CASE
            WHEN after_gap AND coalesce(previous < horizon, true) THEN 'first_event'
            WHEN after_gap THEN 'timeout'
            WHEN previous < date_trunc('day', event_time) AND active_since < horizon THEN 'max_duration'
        END AS starts_by
    FROM activities
),
numbered AS (
    SELECT *, count(starts_by) OVER (PARTITION BY entity_id ORDER BY event_time, event_id) AS number
    FROM starts
),
summed AS (
    SELECT
        entity_id,
        min_by({'u': user_id}, (event_time, event_id)).u AS user_id,
        min(event_time) AS started_at,
        max(event_time) AS ended_at,
        any_value(starts_by) AS start_reason,
        count(*) AS events,
        count(*) FILTER (event_name = 'page_view') AS page_views,
        min_by({'c': channel, 's': source, 'm': medium, 'n': campaign}, (event_time, event_id))
            FILTER (has_source) AS origin,
        min_by({'p': page_path}, (event_time, event_id)).p AS landing_page,
        min_by(device_type, (event_time, event_id)) AS device_type,
        min_by(country, (event_time, event_id)) AS country,
        list(event_time) FILTER (event_name = 'view_item') AS views,
        list(event_time) FILTER (event_name = 'add_to_cart') AS carts,
        list(event_time) FILTER (event_name = 'begin_checkout') AS checkouts,
        list(event_time) FILTER (event_name = 'purchase') AS buys,
        count(*) FILTER (event_name = 'purchase') AS purchases,
        sum(revenue)::DECIMAL(18, 2) AS revenue
    FROM numbered
    GROUP BY entity_id, number
),
viewed AS (
    SELECT *, list_min(views) AS view_item_at FROM summed
),
carted AS (
    SELECT *, list_min(list_filter(carts, lambda t: t > view_item_at)) AS add_to_cart_at FROM viewed
),
checked AS (
    SELECT *, list_min(list_filter(checkouts, lambda t: t > add_to_cart_at)) AS begin_checkout_at FROM carted
),
bought AS (
    SELECT *, list_min(list_filter(buys, lambda t: t > begin_checkout_at)) AS purchase_at FROM checked
)
SELECT
    entity_id || '@' || strftime(started_at, '%Y%m%dT%H%M%S%f') AS session_id,
    entity_id,
    user_id,
    started_at::DATE AS session_date,
    started_at,
    ended_at,
    (epoch_us(ended_at) - epoch_us(started_at)) / 1e6 AS duration_seconds,
    start_reason,
    events,
    page_views,
    coalesce(origin.c, 'Direct') AS channel,
    coalesce(origin.s, '(direct)') AS source,
    coalesce(origin.m, '(none)') AS medium,
    origin.n AS campaign,
    landing_page,
    device_type,
    country,
    view_item_at,
    add_to_cart_at,
    begin_checkout_at,
    purchase_at,
    purchases,
    revenue
FROM bought
