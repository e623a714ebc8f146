-- One row a line of spend in its latest version that names another currency than the shop's.
SELECT
    spend_date,
    channel,
    source,
    medium,
    campaign,
    cost,
    currency,
    'foreign_currency' AS reason,
    source_id,
    source_line
FROM marketing_spend_latest
WHERE currency <> getvariable('currency')
