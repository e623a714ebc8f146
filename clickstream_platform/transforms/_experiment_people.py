"""Who takes part in an experiment, and what they did before and after their first exposure."""

import narwhals as nw

from clickstream_platform.transforms._experiment_spans import Planned
from clickstream_platform.transforms._frames import Frame
from clickstream_platform.transforms._time import epoch_days

ENTITY = ("experiment", "entity_id")


def first_exposures(experiment_exposures: Frame, planned: Planned) -> tuple[Frame, Frame]:
    """One row an experiment and entity of one variant, with its first exposure; and of those that saw several."""
    exposures = experiment_exposures.filter(planned.exposures())
    people = exposures.group_by(*ENTITY).agg(
        nw.col("exposed_at").min(),
        nw.col("exposure_date").min(),
        nw.col("variant").min(),
        nw.col("variant").max().alias("last_variant"),
    )
    is_mixed = nw.col("variant") != nw.col("last_variant")
    that_day = exposures.select(
        *ENTITY,
        "variant",
        "exposed_at",
        "exposure_date",
        nw.col("purchases_after").alias("purchases"),
        "refunds_after",
        _cents("revenue_after"),
    )
    key = [*ENTITY, "variant", "exposed_at"]
    firsts = people.filter(~is_mixed).select(*key).join(that_day, on=key)
    return firsts, people.filter(is_mixed).select(*ENTITY, "variant", "exposure_date")


def active_days(firsts: Frame, entity_activity: Frame, planned: Planned) -> Frame:
    """Days of purchases and refunds of entities, before and after their first exposure; few entities have any."""
    own = firsts.filter((nw.col("purchases") > 0) | (nw.col("refunds_after") > 0)).select(
        *ENTITY,
        "variant",
        "exposure_date",
        nw.col("exposure_date").alias("day"),
        nw.lit(False).alias("is_before"),
        "purchases",
        "cents",
    )
    active = entity_activity.filter((nw.col("purchases") > 0) | (nw.col("refunds") > 0)).select(
        "entity_id", "activity_date", "purchases", _cents("revenue")
    )
    others = (
        firsts.select(*ENTITY, "variant", "exposure_date")
        .join(active, on="entity_id")
        .with_columns((epoch_days(nw.col("activity_date")) - epoch_days(nw.col("exposure_date"))).alias("since"))
        .filter(planned.outcomes() | planned.before())
        .select(
            *ENTITY,
            "variant",
            "exposure_date",
            nw.col("activity_date").alias("day"),
            (nw.col("since") < 0).alias("is_before"),
            "purchases",
            "cents",
        )
    )
    return nw.concat([own, others], how="vertical")


def _cents(amount: str) -> nw.Expr:
    """Money as whole cents."""
    return (nw.col(amount) * 100).cast(nw.Int64).alias("cents")
