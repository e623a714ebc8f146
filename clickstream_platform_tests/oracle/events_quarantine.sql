-- One row an event that events_clean refuses, with the first reason that applies.
WITH kept AS (
    SELECT *
    FROM events
    QUALIFY row_number() OVER (
        PARTITION BY event_date, event_id
        ORDER BY coalesce(received_at, event_time), record_hash, source_id, source_line
    ) = 1
),
judged AS (
    SELECT
        *,
        CASE
            WHEN event_time > received_at + INTERVAL 24 HOURS THEN 'clock_skew'
            WHEN currency <> getvariable('currency') AND (value IS NOT NULL OR items_value IS NOT NULL)
                THEN 'foreign_currency'
            WHEN event_name = 'purchase' AND value IS NULL AND items_value IS NULL THEN 'purchase_without_value'
        END AS reason
    FROM kept
)
SELECT
    event_id,
    event_name,
    event_time,
    event_date,
    entity_id,
    order_id,
    value,
    currency,
    reason,
    source_id,
    source_line
FROM judged
WHERE reason IS NOT NULL
