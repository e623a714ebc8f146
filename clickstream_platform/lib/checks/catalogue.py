"""Every check of every table, and their evaluation without Dagster."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

import polars as pl

from clickstream_platform.lake import Lake
from clickstream_platform.lib.checks.accounting import STEPS, accounting_info, check_accounting
from clickstream_platform.lib.checks.credit import check_credit, credit_info
from clickstream_platform.lib.checks.daily_totals import anomaly_info, check_daily_totals
from clickstream_platform.lib.checks.freshness import SOURCES, check_freshness, freshness_info
from clickstream_platform.lib.checks.holdout import check_holdout, holdout_info
from clickstream_platform.lib.checks.purchases import check_purchases, purchases_info
from clickstream_platform.lib.checks.row_checks import check_rows, row_check_infos
from clickstream_platform.lib.checks.sample_ratio import check_sample_ratio, sample_ratio_info
from clickstream_platform.lib.checks.schema_change import Columns, check_schema_change, schema_change_info
from clickstream_platform.lib.checks.session_events import check_session_events, session_events_info
from clickstream_platform.lib.checks.stored import stored_days
from clickstream_platform.lib.checks.table_measures import TOTALS
from clickstream_platform.lib.checks.touches import check_touches, touches_info
from clickstream_platform.lib.checks.verdict import CheckInfo, CheckOptions, Verdict
from clickstream_platform.lib.checks.withheld import COUNTS, check_withheld, withheld_info
from clickstream_platform.schemas import TABLES, Table

CHECKED_LAYERS = ("silver", "gold")


@dataclass(frozen=True)
class Request:
    """What to check.

    Attributes:
        lake: where the tables live.
        days: the days to judge; None for an unpartitioned table.
        options: settings of the checks.
        columns_before: the columns at the last check of the table, where somebody kept them.
    """

    lake: Lake
    days: Sequence[date] | None
    options: CheckOptions = field(default_factory=CheckOptions)
    columns_before: Columns | None = None


@dataclass(frozen=True)
class CheckGroup:
    """Checks of a table that are evaluated together.

    Attributes:
        name: what they have in common.
        infos: the checks.
        evaluate: gives the verdicts.
        reads: the other tables that must be there first.
    """

    name: str
    infos: tuple[CheckInfo, ...]
    evaluate: Callable[[Request], Iterator[Verdict]]
    reads: tuple[str, ...] = ()


def checked_tables() -> list[Table]:
    """The tables that have checks, in the order of the layers."""
    return [table for layer in CHECKED_LAYERS for table in TABLES.values() if table.layer == layer]


def check_groups(table_name: str) -> list[CheckGroup]:
    """The checks of a silver or gold table.

    Raises:
        KeyError: there is no such table.
    """
    table = TABLES[table_name]
    groups = [_row_group(table)]
    if table_name in TOTALS:
        groups.append(_totals_group(table_name))
    if table_name in STEPS:
        groups.append(_accounting_group(table_name))
    if table_name in COUNTS:
        groups.append(_withheld_group(table_name))
    groups += [group for group in _OF_ONE_TABLE if group.infos[0].table == table_name]
    if table_name in SOURCES:
        groups.append(_freshness_group(table_name))
    return groups


def _row_group(table: Table) -> CheckGroup:
    infos = (*row_check_infos(table), schema_change_info(table))
    return CheckGroup("rows", infos, lambda request: _rows(table, request))


def _totals_group(name: str) -> CheckGroup:
    return CheckGroup(
        "daily_totals",
        (anomaly_info(name),),
        lambda request: check_daily_totals(request.lake, name, request.days or (), request.options),
    )


def _accounting_group(name: str) -> CheckGroup:
    step = STEPS[name]
    return CheckGroup(
        "accounting",
        (accounting_info(name),),
        lambda request: check_accounting(request.lake, name, request.days),
        reads=(step.bronze, *([step.quarantine] if step.quarantine else [])),
    )


def _withheld_group(name: str) -> CheckGroup:
    return CheckGroup(
        "withheld",
        (withheld_info(name),),
        lambda request: check_withheld(request.lake, name, request.days or ()),
        reads=("events_clean",),
    )


def _freshness_group(name: str) -> CheckGroup:
    return CheckGroup(
        "freshness", (freshness_info(name),), lambda request: iter((check_freshness(request.lake, name),))
    )


_OF_ONE_TABLE = (
    CheckGroup(
        "purchases",
        (purchases_info(),),
        lambda request: check_purchases(request.lake, request.days or (), request.options),
        reads=("orders_quarantine", "events_clean", "events_quarantine"),
    ),
    CheckGroup(
        "touches",
        (touches_info(),),
        lambda request: check_touches(request.lake, request.days or ()),
        reads=("events_clean", "sessions"),
    ),
    CheckGroup(
        "credit",
        (credit_info(),),
        lambda request: check_credit(request.lake, request.days or ()),
        reads=("conversion_paths", "events_clean"),
    ),
    CheckGroup(
        "sample_ratio",
        (sample_ratio_info(),),
        lambda request: check_sample_ratio(request.lake, request.options),
    ),
    CheckGroup("holdout", (holdout_info(),), lambda request: check_holdout(request.lake, request.options)),
    CheckGroup(
        "events",
        (session_events_info(),),
        lambda request: check_session_events(request.lake, request.days or ()),
        reads=("events_clean",),
    ),
)
"""What is checked of one table alone: that of the group's check."""


def verdicts_of(group: CheckGroup, request: Request) -> Iterator[Verdict]:
    """The group's verdicts. Checks that cannot read what they judge fail, and say why."""
    try:
        yield from group.evaluate(request)
    except pl.exceptions.PolarsError as error:
        why = (str(error).splitlines() or [type(error).__name__])[0][:300]
        for info in group.infos:
            yield Verdict(info, False, None, detail=f"cannot be judged: {why}")


def evaluate(
    lake: Lake, table_name: str, days: Sequence[date] | None = None, options: CheckOptions | None = None
) -> list[Verdict]:
    """All verdicts on a table.

    Args:
        lake: where it lives.
        table_name: a silver or gold table.
        days: the days to judge; all that the table has unless given. Of no meaning for unpartitioned tables.
        options: settings of the checks; those of the process without.

    Raises:
        KeyError: there is no such table.
    """
    if TABLES[table_name].partition_column is None:
        wanted = None
    else:
        wanted = sorted(set(days)) if days is not None else lake.days(table_name)
    request = Request(lake, wanted, options or CheckOptions.from_settings())
    return [verdict for group in check_groups(table_name) for verdict in verdicts_of(group, request)]


def _rows(table: Table, request: Request) -> Iterator[Verdict]:
    stored = stored_days(request.lake, table, request.days)
    yield from check_rows(request.lake, table, stored, request.options)
    yield check_schema_change(request.lake, table, stored, request.columns_before)
