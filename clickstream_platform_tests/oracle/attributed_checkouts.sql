-- One row a purchase of people, with the earliest touch of its entity within the window before it, if there is one and
-- both allow analytics and advertising.
WITH people AS (
    SELECT * FROM events_clean WHERE NOT is_bot
),
pairs AS (
    SELECT checkout.event_date, checkout.event_id AS checkout_id, click
    FROM people AS checkout
    JOIN people AS click
        ON click.entity_id = checkout.entity_id
        AND click.event_time < checkout.event_time
        AND click.event_time >= checkout.event_time - getvariable('window')
    WHERE checkout.event_name = 'purchase' AND click.is_touch
        AND checkout.analytics_consent AND checkout.ads_consent AND click.analytics_consent
    QUALIFY row_number() OVER (
        PARTITION BY checkout.event_date, checkout.event_id
        ORDER BY click.event_time, click.event_id
    ) = 1
)
SELECT
    checkout.event_id AS checkout_id,
    checkout.event_time AS checkout_time,
    checkout.event_date AS date,
    checkout.entity_id,
    checkout.order_id,
    checkout.revenue,
    click IS NOT NULL AS is_attributed,
    click.event_id AS click_id,
    click.event_time AS click_time,
    (epoch_us(checkout.event_time) - epoch_us(click.event_time)) / 1e6 AS seconds_from_click,
    coalesce(click.channel, 'Direct') AS channel,
    coalesce(click.source, '(direct)') AS source,
    coalesce(click.medium, '(none)') AS medium,
    click.campaign
FROM people AS checkout
LEFT JOIN pairs
    ON pairs.checkout_id = checkout.event_id AND pairs.event_date = checkout.event_date
WHERE checkout.event_name = 'purchase'
