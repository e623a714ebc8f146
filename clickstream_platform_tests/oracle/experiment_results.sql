-- One row an experiment, metric and variant: the columns that plain SQL can tell, straight from events, by their times.
WITH people AS (
    SELECT * FROM events_clean WHERE NOT is_bot AND analytics_consent
),
shown AS (
    SELECT entity_id, event_time, unnest(experiments, recursive := true) FROM people
),
first AS (
    SELECT
        experiment, entity_id, min(event_time) AS exposed_at,
        min(variant) AS variant, count(DISTINCT variant) > 1 AS is_mixed
    FROM shown
    GROUP BY experiment, entity_id
),
counted AS (
    SELECT
        experiment, variant, first.entity_id, exposed_at,
        count(*) FILTER (event_name = 'purchase' AND event_time > exposed_at) AS orders,
        coalesce(sum(revenue) FILTER (event_time > exposed_at), 0)::DOUBLE AS revenue,
        count(*) FILTER (event_name = 'purchase' AND is_before) AS orders_before,
        coalesce(sum(revenue) FILTER (is_before), 0)::DOUBLE AS revenue_before
    FROM first
    LEFT JOIN (
        SELECT
            people.*,
            event_date >= first.exposed_at::DATE - 14 AND event_date < first.exposed_at::DATE AS is_before,
            experiment AS of_experiment
        FROM people
        JOIN first USING (entity_id)
    ) AS done ON done.entity_id = first.entity_id AND done.of_experiment = first.experiment
    WHERE NOT is_mixed
    GROUP BY ALL
),
long AS (
    SELECT *, 'conversion' AS metric, (orders > 0)::INT AS y, (orders_before > 0)::INT AS x FROM counted
    UNION ALL
    SELECT *, 'orders_per_visitor', orders, orders_before FROM counted
    UNION ALL
    SELECT *, 'revenue_per_visitor', revenue, revenue_before FROM counted
),
cells AS (
    SELECT
        experiment, metric, variant, count(*) AS entities, sum(y)::DOUBLE AS total, avg(y) AS mean, var_samp(y) AS variance,
        avg(x) AS mean_before, min(exposed_at) AS first_exposed_at, max(exposed_at) AS last_exposed_at
    FROM long
    GROUP BY experiment, metric, variant
),
whole AS (
    SELECT
        experiment, metric, min(variant) AS control, count(DISTINCT variant) AS variants, regr_slope(y, x) AS slope,
        max(exposed_at)::DATE - min(exposed_at)::DATE + 1 AS days
    FROM long
    GROUP BY experiment, metric
)
SELECT
    cells.experiment,
    cells.metric,
    cells.variant,
    cells.variant = whole.control AS is_control,
    cells.entities,
    cells.total,
    cells.mean,
    cells.variance,
    CASE WHEN NOT is_control THEN cells.mean - base.mean END AS uplift,
    uplift / base.mean AS relative_uplift,
    -- Nobody having done anything before leaves no slope.
    CASE WHEN NOT isnan(slope) THEN uplift - slope * (cells.mean_before - base.mean_before) END AS cuped_uplift,
    1.0::DOUBLE / variants AS expected_share,
    (SELECT count(*) FILTER (is_mixed) FROM first WHERE first.experiment = cells.experiment) AS mixed_entities,
    cells.first_exposed_at,
    cells.last_exposed_at,
    whole.days
FROM cells
JOIN whole ON whole.experiment = cells.experiment AND whole.metric = cells.metric
JOIN cells AS base
    ON base.experiment = cells.experiment AND base.metric = cells.metric AND base.variant = whole.control
