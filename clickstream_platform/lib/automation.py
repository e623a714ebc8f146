"""When tables are recomputed by themselves.

`AutomationCondition.eager()` looks at the latest day only (dagster#24474), waits for missing upstream days, which a
shop without traffic never fills, and says nothing of checks. These conditions follow every changed day, late ones too.
"""

import dagster as dg
from dagster import AutomationCondition as When


def _nothing_in_flight() -> dg.AutomationCondition:  # type: ignore[type-arg]
    """No upstream partition is being computed or checked, and none has failed a blocking check."""
    unsettled = When.any_checks_match(When.check_failed() | When.in_progress(), blocking_only=True)
    return ~When.in_progress() & ~When.any_deps_in_progress() & ~When.any_deps_match(unsettled)


def on_change(*, except_of: dg.AssetSelection | None = None) -> dg.AutomationCondition:  # type: ignore[type-arg]
    """Once for each change of an upstream partition that this partition reads, whatever its day.

    Args:
        except_of: upstream tables whose change is not followed but which are waited for while they change (a
            customer file must not recompute the whole history of orders; what does depend on it is released by
            the `waiting_orders` sensor).
    """
    changed = When.any_deps_updated()
    ready = _nothing_in_flight()
    if except_of is not None:
        changed = changed.ignore(except_of)
        ready = ready & ~When.any_deps_match(When.will_be_requested()).allow(except_of)
    return (changed.since_last_handled() & ready).with_label("on_change")


def on_fact_change() -> dg.AutomationCondition:  # type: ignore[type-arg]
    """For tables that look up master data: a changed customer or product alone does not recompute their history."""
    return on_change(except_of=dg.AssetSelection.assets(["silver", "customers_clean"], ["silver", "products_clean"]))


def on_quiet() -> dg.AutomationCondition:  # type: ignore[type-arg]
    """For unpartitioned summaries: after changes, when nothing upstream is in flight, at most once a minute."""
    return (
        When.any_deps_updated().since_last_handled()
        & When.cron_tick_passed("* * * * *").since_last_handled()  # type: ignore[misc, operator]
        & _nothing_in_flight()
    ).with_label("on_quiet")


def monthly() -> dg.AutomationCondition:  # type: ignore[type-arg]
    """For fitted models: on the first of a month, and as soon as there is something to fit and no table yet."""
    first = When.missing() & When.any_deps_updated().since_last_handled()
    due = When.cron_tick_passed("0 3 1 * *").since_last_handled()  # type: ignore[misc]
    return ((first | due) & _nothing_in_flight()).with_label("monthly")
