-- One row a customer with a sale. Scores are fifths of ranks; frequency is ranked with ties broken, so that bins are even.
WITH summed AS (
    SELECT
        customer_id,
        count(DISTINCT order_id) AS total_orders,
        sum(total_amount)::DECIMAL(18, 2) AS total_spent,
        min(order_time) AS first_order_at,
        max(order_time) AS last_order_at,
        count(DISTINCT order_date) - 1 AS repeat_purchases,
        getvariable('as_of') - min(order_date) AS days_since_first_order,
        getvariable('as_of') - max(order_date) AS recency_days
    FROM orders_validated
    WHERE status NOT IN ('cancelled', 'refunded')
    GROUP BY customer_id
),
ranked AS (
    SELECT
        *,
        greatest(count(*) OVER () - 1, 1) AS steps,
        rank() OVER (ORDER BY recency_days) - 1 AS recency_rank,
        row_number() OVER (ORDER BY total_orders, first_order_at, customer_id) - 1 AS frequency_rank,
        rank() OVER (ORDER BY total_spent) - 1 AS monetary_rank
    FROM summed
),
scored AS (
    SELECT
        *,
        6 - greatest((5 * recency_rank + steps - 1) // steps, 1) AS r,
        greatest((5 * frequency_rank + steps - 1) // steps, 1) AS f,
        greatest((5 * monetary_rank + steps - 1) // steps, 1) AS m
    FROM ranked
)
SELECT
    customer_id,
    total_orders,
    total_spent,
    (((200 * total_spent)::HUGEINT + total_orders) // (2 * total_orders) * 0.01::DECIMAL(3, 2))::DECIMAL(18, 2)
        AS avg_order_value,
    first_order_at,
    last_order_at,
    days_since_first_order,
    recency_days,
    r::TINYINT AS recency_score,
    f::TINYINT AS frequency_score,
    m::TINYINT AS monetary_score,
    CASE
        WHEN r <= 2 AND f <= 2 THEN 'hibernating'
        WHEN r <= 2 AND f <= 4 THEN 'at_risk'
        WHEN r <= 2 THEN 'cant_lose'
        WHEN r = 3 AND f <= 2 THEN 'about_to_sleep'
        WHEN r = 3 AND f = 3 THEN 'need_attention'
        WHEN r = 5 AND f >= 4 THEN 'champions'
        WHEN f >= 4 THEN 'loyal_customers'
        WHEN r = 4 AND f = 1 THEN 'promising'
        WHEN f = 1 THEN 'new_customers'
        ELSE 'potential_loyalists'
    END AS rfm_segment,
    getvariable('as_of') AS as_of,
    r || '' || f || m AS rfm_score,
    repeat_purchases
FROM scored
