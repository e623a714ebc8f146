-- One row a kind of cohort, period, cohort and age, up to the period of the newest order day; ages without anybody too.
WITH sold AS (
    SELECT * FROM orders_validated WHERE status NOT IN ('cancelled', 'refunded')
),
newest AS (
    SELECT max(order_date) AS day FROM orders_validated
),
members AS (
    SELECT 'first_order' AS cohort_by, customer_id, min(order_date) AS began FROM sold GROUP BY customer_id
    UNION ALL
    SELECT 'sign_up', customer_id, signup_date FROM customers_clean WHERE signup_date IS NOT NULL
),
periods AS (
    SELECT 'month' AS period, INTERVAL 1 MONTH AS step UNION ALL SELECT 'week', INTERVAL 7 DAYS
),
begun AS (
    SELECT cohort_by, period, step, customer_id, date_trunc(period, began)::DATE AS cohort_start
    FROM members, periods
),
cohorts AS (
    SELECT cohort_by, period, step, cohort_start, count(*) AS customers FROM begun GROUP BY ALL
),
triangle AS (
    SELECT
        * EXCLUDE (starts, step),
        unnest(starts)::DATE AS period_start,
        (unnest(starts) + step)::DATE AS next_start,
        unnest(range(len(starts)::BIGINT)) AS age
    FROM (SELECT *, range(cohort_start::TIMESTAMP, newest.day + INTERVAL 1 MICROSECOND, step) AS starts FROM cohorts, newest)
    WHERE len(starts) <= 3000
),
active AS (
    SELECT
        cohort_by, period, cohort_start, date_trunc(period, order_date)::DATE AS period_start,
        count(DISTINCT customer_id) AS retained, count(DISTINCT (order_date, order_id, customer_id)) AS orders,
        sum(total_amount) AS revenue
    FROM begun JOIN sold USING (customer_id)
    GROUP BY ALL
),
cells AS (
    SELECT
        triangle.*, coalesce(retained, 0) AS retained, coalesce(orders, 0) AS orders, coalesce(revenue, 0) AS revenue,
        sum(coalesce(revenue, 0)) OVER (PARTITION BY cohort_by, period, cohort_start ORDER BY age) AS so_far
    FROM triangle LEFT JOIN active USING (cohort_by, period, cohort_start, period_start)
)
SELECT
    cohort_by,
    period,
    cohort_start,
    age,
    period_start,
    next_start <= day + 1 AS is_complete,
    customers,
    retained AS retained_customers,
    retained / customers AS retention_rate,
    orders,
    revenue::DECIMAL(18, 2) AS revenue,
    so_far::DECIMAL(18, 2) AS cumulative_revenue,
    (((200 * so_far)::HUGEINT + customers) // (2 * customers) * 0.01::DECIMAL(3, 2))::DECIMAL(18, 2)
        AS cumulative_revenue_per_customer
FROM cells
