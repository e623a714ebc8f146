-- One row a line of spend: the version that counts.
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
