-- One row an event. Of events with one id on one day the first received stays, if nothing is wrong with it.
WITH kept AS (
    SELECT *
    FROM events
    QUALIFY row_number() OVER (
        PARTITION BY event_date, event_id
        ORDER BY coalesce(received_at, event_time), record_hash, source_id, source_line
    ) = 1
)
SELECT
    event_id,
    event_name,
    event_time,
    received_at,
    event_date,
    hour(event_time)::TINYINT AS hour,
    isodow(event_time)::TINYINT AS day_of_week,
    entity_id,
    user_id,
    anonymous_id,
    client_session_id,
    page_url,
    page_path,
    referrer_host,
    source,
    medium,
    campaign,
    term,
    content,
    click_id,
    click_id_type,
    channel,
    is_touch,
    has_source,
    device_type,
    is_bot,
    coalesce(country, 'unknown') AS country,
    coalesce(region, 'unknown') AS region,
    items,
    order_id,
    value,
    getvariable('currency') AS currency,
    CASE event_name
        WHEN 'purchase' THEN coalesce(value, items_value)
        WHEN 'refund' THEN -coalesce(value, items_value, 0)
        ELSE 0
    END::DECIMAL(18, 2) AS revenue,
    experiments,
    email_hash,
    properties
FROM kept
WHERE NOT (
    coalesce(event_time > received_at + INTERVAL 24 HOURS, false)
    OR coalesce(currency <> getvariable('currency'), false) AND coalesce(value, items_value) IS NOT NULL
    OR event_name = 'purchase' AND coalesce(value, items_value) IS NULL
)
