-- One row a day, funnel, segment and step, of the funnel there is without configuration: the sessions that see a
-- product, and how far they come. A step counts once, after all steps before it.
WITH wide AS (
    SELECT
        session_date AS date,
        unnest(['all', 'channel', 'device_type', 'country']) AS dimension,
        unnest(['all', channel, device_type, country]) AS segment,
        [view_item_at, add_to_cart_at, begin_checkout_at, purchase_at] AS moments
    FROM sessions
    WHERE view_item_at IS NOT NULL
),
long AS (
    SELECT
        date,
        dimension,
        segment,
        unnest([1, 2, 3, 4]) AS step,
        unnest(['View item', 'Add to cart', 'Begin checkout', 'Purchase']) AS label,
        unnest(moments) AS moment,
        unnest(list_prepend(NULL, moments[1:3])) AS previous,
        moments[1] AS first
    FROM wide
),
counted AS (
    SELECT
        date,
        dimension,
        segment,
        step,
        label,
        count(*) AS entered,
        count(moment) AS reached,
        median((epoch_us(moment) - epoch_us(previous)) / 1e6) AS from_previous,
        median((epoch_us(moment) - epoch_us(first)) / 1e6) FILTER (step > 1) AS from_first
    FROM long
    GROUP BY ALL
),
ordered AS (
    SELECT *, coalesce(lag(reached) OVER (PARTITION BY date, dimension, segment ORDER BY step), reached) AS before
    FROM counted
)
SELECT
    date,
    'ecommerce' AS funnel,
    'session' AS within,
    dimension,
    segment,
    step::BIGINT AS step,
    label,
    entered,
    reached,
    before - reached AS dropped,
    reached / entered AS conversion_from_first,
    reached / nullif(before, 0) AS conversion_from_previous,
    from_previous AS median_seconds_from_previous,
    from_first AS median_seconds_from_first,
    (date + INTERVAL 1 DAY)::DATE AS closes_on
FROM ordered
