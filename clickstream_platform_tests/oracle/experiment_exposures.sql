-- One row a day, experiment, variant and entity: the first event that shows it, and what came after it on that day.
WITH people AS (
    SELECT * FROM events_clean WHERE NOT is_bot AND analytics_consent
),
shown AS (
    SELECT event_date, entity_id, event_time, unnest(experiments, recursive := true) FROM people
),
first AS (
    SELECT event_date, experiment, variant, entity_id, min(event_time) AS exposed_at
    FROM shown
    WHERE experiment IS NOT NULL AND variant IS NOT NULL
    GROUP BY ALL
)
SELECT
    first.event_date AS exposure_date,
    experiment,
    variant,
    first.entity_id,
    exposed_at,
    count(event_id) AS events_after,
    count(*) FILTER (event_name = 'page_view') AS page_views_after,
    count(*) FILTER (event_name = 'view_item') AS item_views_after,
    count(*) FILTER (event_name = 'add_to_cart') AS carts_after,
    count(*) FILTER (event_name = 'purchase') AS purchases_after,
    count(*) FILTER (event_name = 'refund') AS refunds_after,
    coalesce(sum(revenue), 0)::DECIMAL(18, 2) AS revenue_after,
    coalesce(-sum(revenue) FILTER (event_name = 'refund'), 0)::DECIMAL(18, 2) AS refund_amount_after
FROM first
LEFT JOIN people
    ON people.entity_id = first.entity_id AND people.event_date = first.event_date AND event_time > exposed_at
GROUP BY first.event_date, experiment, variant, first.entity_id, exposed_at
