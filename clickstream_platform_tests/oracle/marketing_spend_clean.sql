-- One row a line of spend in its latest version, where it is in the shop's currency.
SELECT
    spend_date,
    channel,
    source,
    medium,
    campaign,
    cost,
    impressions,
    clicks
FROM marketing_spend_latest
WHERE coalesce(currency, getvariable('currency')) = getvariable('currency')
