-- One row an order line whose latest version orders_validated refuses, with the first reason that applies.
WITH judged AS (
    SELECT
        *,
        CASE
            WHEN total_amount <= 0 THEN 'amount_not_positive'
            WHEN quantity <= 0 THEN 'quantity_not_positive'
            WHEN currency <> getvariable('currency') THEN 'foreign_currency'
            WHEN customer_id NOT IN (SELECT customer_id FROM customers_clean) THEN 'unknown_customer'
            WHEN product_id NOT IN (SELECT product_id FROM products_clean) THEN 'unknown_product'
        END AS reason
    FROM orders_latest
)
SELECT
    order_id,
    product_id,
    customer_id,
    quantity,
    unit_price,
    total_amount,
    status,
    order_time,
    order_date,
    reason,
    source_id,
    source_line
FROM judged
WHERE reason IS NOT NULL
