-- One row a customer: the latest version.
SELECT
    customer_id,
    email_normalized AS email,
    email_hash,
    coalesce(name, 'Unknown') AS name,
    phone_e164 AS phone,
    coalesce(country, 'unknown') AS country,
    coalesce(region, 'unknown') AS region,
    signup_date,
    coalesce(updated_at, source_time) AS updated_at
FROM customers
QUALIFY row_number() OVER (
    PARTITION BY customer_id
    ORDER BY
        coalesce(customers.updated_at, source_time) DESC,
        source_time DESC,
        source_id DESC,
        source_line DESC,
        record_hash DESC
) = 1
