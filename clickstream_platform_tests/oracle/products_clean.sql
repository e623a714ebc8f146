-- One row a product: the latest version.
SELECT
    product_id,
    coalesce(name, 'Unknown') AS name,
    coalesce(category, 'uncategorized') AS category,
    price,
    coalesce(updated_at, source_time) AS updated_at
FROM products
QUALIFY row_number() OVER (
    PARTITION BY product_id
    ORDER BY
        coalesce(products.updated_at, source_time) DESC,
        source_time DESC,
        source_id DESC,
        source_line DESC,
        record_hash DESC
) = 1
