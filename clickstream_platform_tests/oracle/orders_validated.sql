-- One row an order line: the latest version, of a known customer and a known product, worth something.
SELECT
    o.order_id,
    o.product_id,
    o.customer_id,
    p.category AS product_category,
    o.quantity,
    o.unit_price,
    o.total_amount,
    o.status,
    o.order_time,
    o.order_date,
    year(o.order_date)::SMALLINT AS order_year,
    month(o.order_date)::TINYINT AS order_month,
    coalesce(o.region, c.region) AS region
FROM orders_latest AS o
JOIN customers_clean AS c USING (customer_id)
JOIN products_clean AS p ON p.product_id = o.product_id
WHERE o.total_amount > 0 AND o.quantity > 0 AND coalesce(o.currency = getvariable('currency'), true)
