-- One row a line of spend in its latest version, where it is in the shop's currency.
WITH latest AS (
    SELECT *
    FROM marketing_spend
    QUALIFY row_number() OVER (
        PARTITION BY spend_date, channel, source, medium, campaign
        ORDER BY
            coalesce(updated_at, source_time) DESC,
            source_time DESC,
            source_id DESC,
            source_line DESC,
            record_hash DESC
    ) = 1
)
SELECT
    spend_date,
    channel,
    source,
    medium,
    campaign,
    cost,
    impressions,
    clicks
FROM latest
WHERE coalesce(currency, getvariable('currency')) = getvariable('currency')
