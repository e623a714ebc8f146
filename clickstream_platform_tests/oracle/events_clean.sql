-- One row an event. Of events with one id on one day the first received stays, if nothing is wrong with it. What says
-- nothing of consent has the default's; without consent to advertising nothing of the advertisement is left.
WITH kept AS (
    SELECT
        * REPLACE (
            coalesce(analytics_consent, getvariable('consent_default') = 'granted') AS analytics_consent,
            coalesce(ads_consent, getvariable('consent_default') = 'granted') AS ads_consent
        ),
        click_id IS NOT NULL OR regexp_matches(
            coalesce(page_url, ''), 'gclid|gbraid|wbraid|dclid|msclkid|ttclid|twclid|li_fat_id|fbclid', 'i'
        ) AS names_click
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
    CASE WHEN names_click AND NOT ads_consent THEN regexp_replace(page_url, '[?].*', '', 's') ELSE page_url END AS page_url,
    page_path,
    referrer_host,
    source,
    medium,
    campaign,
    term,
    content,
    CASE WHEN ads_consent THEN click_id END AS click_id,
    CASE WHEN ads_consent THEN click_id_type END AS click_id_type,
    channel,
    is_touch AND ads_consent AS is_touch,
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
    analytics_consent,
    ads_consent,
    CASE WHEN ads_consent THEN email_hash END AS email_hash,
    properties
FROM kept
WHERE NOT (
    coalesce(event_time > received_at + INTERVAL 24 HOURS, false)
    OR coalesce(currency <> getvariable('currency'), false) AND coalesce(value, items_value) IS NOT NULL
    OR event_name = 'purchase' AND coalesce(value, items_value) IS NULL
)
