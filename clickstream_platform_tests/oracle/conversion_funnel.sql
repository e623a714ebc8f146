-- One row a day, channel and device. Steps are closed: a session counts for a step only after all before it.
WITH waits AS (
    SELECT
        *,
        (epoch_us(view_item_at) - epoch_us(started_at)) / 1e6 AS to_view_item,
        (epoch_us(add_to_cart_at) - epoch_us(view_item_at)) / 1e6 AS to_add_to_cart,
        (epoch_us(begin_checkout_at) - epoch_us(add_to_cart_at)) / 1e6 AS to_begin_checkout,
        (epoch_us(purchase_at) - epoch_us(begin_checkout_at)) / 1e6 AS to_purchase
    FROM sessions
),
summed AS (
    SELECT
        session_date AS date,
        channel,
        device_type,
        count(*) AS sessions,
        count(view_item_at) AS view_item,
        count(add_to_cart_at) AS add_to_cart,
        count(begin_checkout_at) AS begin_checkout,
        count(purchase_at) AS purchase,
        median(to_view_item) AS median_seconds_to_view_item,
        median(to_add_to_cart) AS median_seconds_to_add_to_cart,
        median(to_begin_checkout) AS median_seconds_to_begin_checkout,
        median(to_purchase) AS median_seconds_to_purchase
    FROM waits
    GROUP BY ALL
)
SELECT
    date,
    channel,
    device_type,
    sessions,
    view_item,
    add_to_cart,
    begin_checkout,
    purchase,
    view_item / sessions AS view_item_rate,
    add_to_cart / nullif(view_item, 0) AS add_to_cart_rate,
    begin_checkout / nullif(add_to_cart, 0) AS begin_checkout_rate,
    purchase / nullif(begin_checkout, 0) AS purchase_rate,
    purchase / sessions AS conversion_rate,
    sessions - view_item AS view_item_dropoff,
    view_item - add_to_cart AS add_to_cart_dropoff,
    add_to_cart - begin_checkout AS begin_checkout_dropoff,
    begin_checkout - purchase AS purchase_dropoff,
    median_seconds_to_view_item,
    median_seconds_to_add_to_cart,
    median_seconds_to_begin_checkout,
    median_seconds_to_purchase
FROM summed
