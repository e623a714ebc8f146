"""Steps in order, found in one pass from the last event to the first.

For every event that is a step, the next step is the nearest later event of the following kind: a value filled backwards
in time, which window functions of every engine know. Going from the last step back to the first, each event takes over
the times that the next step already knows, so that in the end the first steps hold the whole chain. Taking the earliest
next step each time reaches as far as any other choice would. The cost grows with the events, however many attempts an
entity makes.
"""

import json
import re

import narwhals as nw

from clickstream_platform.contract.funnels import CATEGORY, PREFIX, PRODUCT, PROPERTY, Condition, FunnelStep
from clickstream_platform.transforms._frames import Frame

_GOODS = {PRODUCT: "product_id", CATEGORY: "category"}


def at(step: int) -> str:
    """The column with the time of a step, counted from 1."""
    return f"step_{step}_at"


def moments(events: Frame, steps: tuple[FunnelStep, ...]) -> Frame:
    """What happened that counts as a step: `entity_id`, `event_date`, `event_time`, and the number of the `step`.

    An event may be several steps. Of alike events at one moment there may be several rows, all the same.
    """
    return nw.concat([_moments(events, step, number) for number, step in enumerate(steps, 1)], how="vertical")


def chains(rows: Frame, first: int, last: int) -> Frame:
    """The rows of the first step, with `at` of every step from 1 to the last: null where it was not reached.

    Each step is strictly later than the one before; step 0, where there is one, may be at the same moment as step 1.
    How long it all took does not matter here.

    Args:
        rows: `moments`, and perhaps others as step 0; further columns stay.
        first: 0 or 1.
        last: The number of steps.
    """
    # Of rows at one moment, later steps come first: so none of them lies after an earlier step of the same moment.
    rank = nw.when(nw.col("step") == 0).then(-last - 1).otherwise(-nw.col("step"))
    rows = rows.with_columns(
        *(
            nw.when(nw.col("step") == number).then(nw.col("event_time")).alias(at(number))
            for number in range(1, last + 1)
        ),
        rank.alias("rank"),
    )
    for number in range(last - 1, first - 1, -1):
        following = range(number + 1, last + 1)
        of_next, of_this = nw.col("step") == number + 1, nw.col("step") == number
        rows = (
            rows.with_columns(*(nw.when(of_next).then(nw.col(at(later))).alias(f"next_{later}") for later in following))
            .with_columns(*(_nearest_later(f"next_{later}") for later in following))
            .with_columns(
                *(
                    nw.when(of_this).then(nw.col(f"next_{later}")).otherwise(nw.col(at(later))).alias(at(later))
                    for later in following
                )
            )
        )
    temporary = ("rank", "step", *(f"next_{later}" for later in range(first + 1, last + 1)))
    return rows.filter(nw.col("step") == first).drop(*temporary)


def _nearest_later(column: str) -> nw.Expr:
    """A value of the entity's nearest later row that has one.

    That is right for the times of all steps of a chain: a next step that does not come as far as some step is followed
    by none that does.
    """
    return nw.col(column).fill_null(strategy="backward").over("entity_id", order_by=["event_time", "rank"])


def _moments(events: Frame, step: FunnelStep, number: int) -> Frame:
    """When something happened that counts as the step."""
    found = events.filter(nw.col("event_name") == step.event)
    goods = [condition for condition in step.conditions if condition.kind in _GOODS]
    for condition in step.conditions:
        if condition.kind not in _GOODS:
            found = found.filter(_holds(condition))
    if goods:
        # All of them have to hold for one and the same item.
        found = found.explode("items").filter(
            *(nw.col("items").struct.field(_GOODS[condition.kind]).is_in(condition.values) for condition in goods)
        )
    return found.select("entity_id", "event_date", "event_time", nw.lit(number).cast(nw.Int32).alias("step"))


def _holds(condition: Condition) -> nw.Expr:
    if condition.kind == PREFIX:
        first, *others = (nw.col("page_path").str.starts_with(value) for value in condition.values)
        return nw.any_horizontal(first, *others, ignore_nulls=True)
    if condition.kind == PROPERTY:
        return nw.col("properties").str.contains(_property_pattern(condition.name, condition.values))
    return nw.col(condition.kind).is_in(condition.values)


def _property_pattern(name: str, values: tuple[str, ...]) -> str:
    """Finds a property with one of some JSON values in an object's text, whether letters are escaped there or not."""
    key, *wanted = (_either_way(json.loads(text)) for text in (json.dumps(name), *values))
    return rf"{key}\s*:\s*({'|'.join(wanted)})\s*[,}}\]]"


def _either_way(value: object) -> str:
    spellings = {json.dumps(value, ensure_ascii=ascii_only) for ascii_only in (True, False)}
    return f"({'|'.join(re.escape(text) for text in sorted(spellings))})"
