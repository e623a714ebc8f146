-- One row a day, product category and region. The average is rounded half up, in whole cents.
WITH summed AS (
    SELECT
        order_date AS date,
        product_category,
        region,
        count(DISTINCT order_id) AS total_orders,
        sum(total_amount)::DECIMAL(18, 2) AS total_revenue,
        count(DISTINCT customer_id) AS unique_customers
    FROM orders_validated
    WHERE status NOT IN ('cancelled', 'refunded')
    GROUP BY ALL
)
SELECT
    date,
    product_category,
    region,
    total_orders,
    total_revenue,
    (((200 * total_revenue)::HUGEINT + total_orders) // (2 * total_orders) * 0.01::DECIMAL(3, 2))::DECIMAL(18, 2)
        AS avg_order_value,
    unique_customers
FROM summed
