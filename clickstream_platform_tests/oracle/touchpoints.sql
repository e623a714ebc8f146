-- One row an event of people that tells a source, and one a session that has none; with consent to everything.
SELECT
    event_id AS touch_id,
    'source' AS touch_type,
    entity_id,
    event_time AS touched_at,
    event_date AS date,
    channel,
    source,
    medium,
    coalesce(campaign, '(not set)') AS campaign,
    channel = 'Direct' AS is_direct
FROM events_clean
WHERE NOT is_bot AND has_source AND analytics_consent AND ads_consent
UNION ALL
SELECT
    session_id,
    'session_start',
    entity_id,
    started_at,
    session_date,
    channel,
    source,
    medium,
    coalesce(campaign, '(not set)'),
    true
FROM sessions
WHERE
    channel = 'Direct'
    AND NOT EXISTS (
        FROM events_clean AS first
        WHERE
            first.entity_id = sessions.entity_id
            AND first.event_time = sessions.started_at
            AND NOT first.is_bot
            AND NOT (first.analytics_consent AND first.ads_consent)
    )
