-- One row an entity and day with an event of people who consent to analytics.
SELECT
    entity_id,
    event_date AS activity_date,
    min(event_time) AS first_event_at,
    max(event_time) AS last_event_at,
    count(*) AS events,
    count(*) FILTER (event_name = 'page_view') AS page_views,
    count(*) FILTER (event_name = 'view_item') AS item_views,
    count(*) FILTER (event_name = 'add_to_cart') AS carts,
    count(*) FILTER (event_name = 'purchase') AS purchases,
    count(*) FILTER (event_name = 'refund') AS refunds,
    sum(revenue)::DECIMAL(18, 2) AS revenue,
    coalesce(-sum(revenue) FILTER (event_name = 'refund'), 0)::DECIMAL(18, 2) AS refund_amount
FROM events_clean
WHERE NOT is_bot AND analytics_consent
GROUP BY entity_id, event_date
