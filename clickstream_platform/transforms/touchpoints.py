"""Silver `touchpoints`."""

import narwhals as nw

from clickstream_platform.contract.channels import NOT_SET
from clickstream_platform.transforms._frames import Frame, people

DIRECT = "Direct"
_ORIGIN = ("channel", "source", "medium")


def touchpoints(events_clean: Frame, sessions: Frame) -> Frame:
    """Every contact of a person with marketing, and every visit that no marketing brought.

    Grain: one row a touch within its day (UTC). Two things are touches (`touch_type`): an event that itself tells a
    source (`source`; `touch_id` is its event id), and the start of a session that has no source and so counts as Direct
    (`session_start`; `touch_id` is the session's id). Without the latter, "last non-direct" would leave nothing out.
    Only people who allow both analytics and advertising have touches, and bots have none: a Direct visit is left out
    where any event at its first moment withholds one of them.

    Args:
        events_clean: Silver `events_clean` of the wanted days.
        sessions: Silver `sessions` of the same days.
    """
    events, allowed = people(events_clean), nw.col("analytics_consent") & nw.col("ads_consent")
    told = events.filter(nw.col("has_source") & allowed).select(
        nw.col("event_id").alias("touch_id"),
        nw.lit("source").alias("touch_type"),
        "entity_id",
        nw.col("event_time").alias("touched_at"),
        nw.col("event_date").alias("date"),
        *_ORIGIN,
        nw.col("campaign").fill_null(NOT_SET),
        (nw.col("channel") == DIRECT).alias("is_direct"),
    )
    withheld = events.filter(~allowed).select("entity_id", nw.col("event_time").alias("started_at"))
    visits = (
        sessions.filter(nw.col("channel") == DIRECT)
        .join(withheld, on=["entity_id", "started_at"], how="anti")
        .select(
            nw.col("session_id").alias("touch_id"),
            nw.lit("session_start").alias("touch_type"),
            "entity_id",
            nw.col("started_at").alias("touched_at"),
            nw.col("session_date").alias("date"),
            *_ORIGIN,
            nw.col("campaign").fill_null(NOT_SET),
            nw.lit(True).alias("is_direct"),
        )
    )
    return nw.concat([told, visits], how="vertical")
