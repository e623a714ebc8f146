-- One row a day and product that people viewed, put in a cart, bought or gave back.
WITH goods AS (
    SELECT event_date AS date, event_id, event_name, unnest(items) AS item
    FROM events_clean
    WHERE NOT is_bot AND event_name IN ('view_item', 'add_to_cart', 'purchase', 'refund')
),
summed AS (
    SELECT
        date,
        item.product_id AS product_id,
        min(item.category) AS named_category,
        count(DISTINCT event_id) FILTER (event_name = 'view_item') AS views,
        count(DISTINCT event_id) FILTER (event_name = 'add_to_cart') AS carts,
        count(DISTINCT event_id) FILTER (event_name = 'purchase') AS purchases,
        coalesce(sum(item.quantity) FILTER (event_name = 'purchase'), 0)::BIGINT AS units_sold,
        coalesce(sum(item.price * item.quantity) FILTER (event_name = 'purchase'), 0)::DECIMAL(18, 2) AS revenue,
        count(DISTINCT event_id) FILTER (event_name = 'refund') AS refunds,
        coalesce(sum(item.price * item.quantity) FILTER (event_name = 'refund'), 0)::DECIMAL(18, 2) AS refund_amount
    FROM goods
    GROUP BY ALL
)
SELECT
    date,
    product_id,
    coalesce(p.name, 'Unknown') AS product_name,
    coalesce(p.category, named_category, 'uncategorized') AS category,
    views,
    carts,
    purchases,
    units_sold,
    revenue,
    carts / nullif(views, 0) AS view_to_cart_rate,
    purchases / nullif(views, 0) AS conversion_rate,
    refunds,
    refund_amount
FROM summed
LEFT JOIN products_clean AS p USING (product_id)
