"""A Dagster type a table, shown in the UI with the table's columns."""

from functools import cache

import dagster as dg
from dagster_pandera import pandera_schema_to_dagster_type

from clickstream_platform.lib.table_frames import TableFrames, Upstream
from clickstream_platform.schemas import Table


@cache
def table_type(table: Table) -> dg.DagsterType:
    """The type of a table's frame: described by dagster-pandera, checked at schema level only.

    dagster-pandera itself would validate every value before the write, with no severity and eagerly; values are the
    asset checks' work, after the write. Here a wrong column or type fails before storage is touched.
    """
    described = pandera_schema_to_dagster_type(table.model)
    want = table.polars_schema()

    def check(_: dg.TypeCheckContext, value: object) -> dg.TypeCheck:
        if isinstance(value, Upstream):
            return dg.TypeCheck(True)  # scanned with the schema: a misfit raises when it is read
        if not isinstance(value, TableFrames):
            return dg.TypeCheck(False, f"{table.name}: frames by days are expected, not {type(value).__name__}")
        have = value.batches[0][1].to_native().collect_schema()
        wrong = [
            f"{name}: {have.get(name, 'missing')} instead of {want.get(name, 'no such column')}"
            for name in {**want, **have}
            if have.get(name) != want.get(name)
        ]
        return dg.TypeCheck(not wrong, "; ".join(wrong) or None)

    return dg.DagsterType(
        type_check_fn=check,
        name=table.name,
        description=described.description or table.description,
        metadata=described.metadata,
        typing_type=TableFrames,
    )


def column_schema(table: Table) -> dg.TableSchema:
    """The table's columns with types, descriptions and constraints, for `dagster/column_schema`."""
    described = pandera_schema_to_dagster_type(table.model).metadata["schema"].value
    assert isinstance(described, dg.TableSchema)
    return described
