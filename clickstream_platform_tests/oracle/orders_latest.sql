-- One row an order line: the version that counts.
SELECT *
FROM orders
QUALIFY row_number() OVER (
    PARTITION BY order_id, product_id
    ORDER BY
        coalesce(updated_at, source_time) DESC,
        source_time DESC,
        source_id DESC,
        source_line DESC,
        record_hash DESC
) = 1
