-- One row a window of five minutes, event name, channel and country: what people did.
SELECT
    time_bucket(INTERVAL 5 MINUTES, event_time) AS window_start,
    event_date AS date,
    event_name,
    channel,
    country,
    count(*) AS events,
    count(DISTINCT entity_id) AS sessions,
    sum(revenue)::DECIMAL(18, 2) AS revenue
FROM events_clean
WHERE NOT is_bot
GROUP BY ALL
