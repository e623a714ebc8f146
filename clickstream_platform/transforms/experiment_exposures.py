"""Silver `experiment_exposures`."""

import narwhals as nw

from clickstream_platform.transforms._activity import ACTIVITY, activity
from clickstream_platform.transforms._frames import Frame, consenting

_KEY = ("event_date", "experiment", "variant", "entity_id")


def experiment_exposures(events_clean: Frame) -> Frame:
    """Who saw which variant of which experiment on a day, and what they did on that day from then on.

    Grain: one row an `experiment` x `variant` x `entity_id` x `exposure_date` (UTC). `exposed_at` is the day's earliest
    event of people, with consent to analytics, that carries the experiment. The figures count what the entity did on
    that day strictly after it, whatever those events carry: what an event does is no consequence of itself. With
    `entity_activity` of the days after, they are all that happened since. An entity with two variants on a day has two
    rows.

    Args:
        events_clean: Silver `events_clean` of the wanted days.
    """
    events = consenting(events_clean)
    exposures = (
        events.select("event_date", "entity_id", "event_time", "experiments")
        .explode("experiments")
        .with_columns(
            nw.col("experiments").struct.field("experiment").alias("experiment"),
            nw.col("experiments").struct.field("variant").alias("variant"),
        )
        # An event without experiments leaves one row behind, without a name.
        .filter(~nw.col("experiment").is_null(), ~nw.col("variant").is_null())
        .group_by(*_KEY)
        .agg(nw.col("event_time").min().alias("exposed_at"))
    )
    done = events.select("event_date", "entity_id", "event_time", "event_name", "revenue")
    return (
        exposures.join(done, on=["event_date", "entity_id"])
        .group_by(*_KEY, "exposed_at")
        .agg(*activity(nw.col("event_time") > nw.col("exposed_at")))
        .select(
            nw.col("event_date").alias("exposure_date"),
            "experiment",
            "variant",
            "entity_id",
            "exposed_at",
            *(nw.col(figure).alias(f"{figure}_after") for figure in ACTIVITY),
        )
    )
