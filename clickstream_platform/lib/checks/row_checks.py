"""The shape check and the row rules of a table: its rows are loaded once, in bounded batches, for all of them."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

import polars as pl

from clickstream_platform.lake import Lake
from clickstream_platform.lib.checks.keys import repeated_keys
from clickstream_platform.lib.checks.rules import RowRule, row_rules
from clickstream_platform.lib.checks.stored import StoredDay
from clickstream_platform.lib.checks.tally import Tally, columns_judged, count
from clickstream_platform.lib.checks.verdict import CheckInfo, CheckOptions, Verdict
from clickstream_platform.schemas import Table

SHAPE = "shape"


def row_check_infos(table: Table) -> list[CheckInfo]:
    """The blocking shape check of a table, and one check for each rule of its model."""
    shape = CheckInfo(
        table.name,
        SHAPE,
        "error",
        f"columns and types are the schema's, required columns have no nulls, ({', '.join(table.key)}) is unique"
        + (f", rows lie on the day of their {table.partition_column}" if table.partition_column else ""),
        blocking=True,
        remedy="recompute the table's days; if the schema changed, recompute all days",
    )
    return [shape, *(_info(table, rule) for rule in row_rules(table))]


def _info(table: Table, rule: RowRule) -> CheckInfo:
    return CheckInfo(
        table.name, rule.name, rule.severity, rule.description, remedy="trace the sampled keys in the upstream table"
    )


def check_rows(
    lake: Lake, table: Table, stored: Mapping[date | None, StoredDay], options: CheckOptions
) -> Iterator[Verdict]:
    """Verdicts of shape and row rules for each day in `stored`.

    A day whose objects cannot be read as the schema's types gets a failed shape and no verdict on its rows.
    """
    rules = row_rules(table)
    shape, *infos = row_check_infos(table)
    misfits = {day: _misfits(table, held) for day, held in stored.items()}
    tallies: dict[date | None, Tally] = {}
    for group in _day_groups({day: held.rows for day, held in stored.items() if not misfits[day]}, options.batch_rows):
        found, unreadable = _read(lake, table, group, rules, options)
        tallies |= found
        for day, why in unreadable.items():
            misfits[day].append(why)
    for day, held in stored.items():
        if misfits[day]:
            yield Verdict(shape, False, day, held.rows, held.rows, "; ".join(misfits[day]))
            continue
        tally = tallies.get(day, Tally())
        yield _shape_verdict(lake, table, shape, day, held, tally, options)
        for info, rule in zip(infos, rules, strict=True):
            failed, broken = tally.failed[rule.name], tally.broken.get(rule.name, "")
            yield Verdict(
                info, not failed and not broken, day, tally.rows, failed, broken, tuple(tally.samples[rule.name])
            )


def _misfits(table: Table, stored: StoredDay) -> list[str]:
    """Why a day's objects cannot be read as the table, if so. A missing column that may be null reads as nulls."""
    wrong = list(stored.unreadable)
    for schema in stored.schemas:
        for name, want in table.polars_schema().items():
            have = schema.get(name)
            if have is None and not table.columns[name].nullable:
                wrong.append(f"required column {name} is missing")
            elif have is not None and have != want:
                wrong.append(f"column {name} is {have} instead of {want}")
    return list(dict.fromkeys(wrong))


def _day_groups(rows: Mapping[date | None, int], most: int) -> Iterator[dict[date | None, int]]:
    """Days that have rows, as many at a time as stay below `most` rows; a longer day is alone."""
    group: dict[date | None, int] = {}
    for day, count_of_day in rows.items():
        if group and sum(group.values()) + count_of_day > most:
            yield group
            group = {}
        if count_of_day:
            group[day] = count_of_day
    if group:
        yield group


def _read(
    lake: Lake, table: Table, rows: Mapping[date | None, int], rules: Sequence[RowRule], options: CheckOptions
) -> tuple[dict[date | None, Tally], dict[date | None, str]]:
    """The tallies of some days, and the days that turned out to be unreadable beyond their footers, with the reason."""
    tallies: dict[date | None, Tally] = {day: Tally() for day in rows}
    columns = columns_judged(table, rules)
    scan = lake.scan(table.name, [day for day in rows if day is not None] or None).select(columns)
    total, step = sum(rows.values()), options.batch_rows
    try:
        for offset in range(0, total, step):
            batch = scan.slice(offset, step).collect() if total > step else scan.collect(engine="streaming")
            count(table, batch, rules, tallies, options.sample_rows)
    except (pl.exceptions.PolarsError, OSError) as error:
        if len(rows) == 1:
            (day,) = rows
            return {}, {day: f"the rows cannot be read ({(str(error).splitlines() or [''])[0][:200]})"}
        found: dict[date | None, Tally] = {}
        unreadable: dict[date | None, str] = {}
        for day, count_of_day in rows.items():
            tally, why = _read(lake, table, {day: count_of_day}, rules, options)
            found |= tally
            unreadable |= why
        return found, unreadable
    return tallies, {}


def _shape_verdict(
    lake: Lake, table: Table, info: CheckInfo, day: date | None, stored: StoredDay, tally: Tally, options: CheckOptions
) -> Verdict:
    nulls = {name: rows for name, rows in tally.nulls.items() if rows}
    said = [f"{name} is null in {rows:,} rows" for name, rows in nulls.items()]
    strays = _strays(lake, table, day) if stored.strays_possible else 0
    if strays:
        said.append(f"{strays:,} rows do not carry the date of the day they are stored under")
    repeated, sample = repeated_keys(lake, table, day, tally.keys, options.sample_rows)
    if repeated:
        said.append(f"{repeated:,} rows repeat the key ({', '.join(table.key)})")
    failed = min(stored.rows, sum(nulls.values()) + strays + repeated)
    return Verdict(info, not said, day, stored.rows, failed, "; ".join(said), tuple(sample))


def _strays(lake: Lake, table: Table, day: date | None) -> int:
    """Rows below a day's folder that carry another date, or none."""
    assert table.partition_column is not None and day is not None
    own = pl.col(table.partition_column).eq_missing(day)
    return int(lake.scan(table.name, [day]).select((~own).sum()).collect().item())
