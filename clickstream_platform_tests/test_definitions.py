"""The asset graph as a whole: a change of it shows in the snapshot beside this file.

`CLICKSTREAM_UPDATE_SNAPSHOTS=1 pytest clickstream_platform_tests/test_definitions.py` writes it anew.
"""

import json
import os
from pathlib import Path

import dagster as dg
import pytest

from clickstream_platform.schemas import TABLES

SNAPSHOT = Path(__file__).with_suffix(".json")
UPDATE = os.environ.get("CLICKSTREAM_UPDATE_SNAPSHOTS") == "1"


@pytest.fixture(scope="module")
def defs() -> dg.Definitions:
    from clickstream_platform.definitions import defs

    return defs


def graph_of(defs: dg.Definitions) -> dict[str, object]:
    graph = defs.resolve_asset_graph()
    checks: dict[str, list[str]] = {}
    for key in graph.asset_check_keys:
        checks.setdefault(key.asset_key.to_user_string(), []).append(key.name)
    return {
        "assets": {
            key.to_user_string(): {
                "group": node.group_name,
                "upstream": sorted(parent.to_user_string() for parent in node.parent_keys),
                "partitioned": node.partitions_def is not None,
                "external": node.is_external,
                "automation": node.automation_condition.get_label() if node.automation_condition else None,
                "checks": sorted(checks.get(key.to_user_string(), [])),
            }
            for key in sorted(graph.get_all_asset_keys())
            for node in [graph.get(key)]
        },
        "sensors": sorted(sensor.name for sensor in defs.sensors or []),
        "schedules": {schedule.name: schedule.cron_schedule for schedule in defs.schedules or []},
    }


def test_the_asset_graph_is_the_one_in_the_snapshot(defs: dg.Definitions) -> None:
    found = graph_of(defs)
    if UPDATE:
        SNAPSHOT.write_text(json.dumps(found, indent=2) + "\n")
    assert found == json.loads(SNAPSHOT.read_text())


def test_every_table_is_an_asset_of_its_layer(defs: dg.Definitions) -> None:
    keys = {key.to_user_string() for key in defs.resolve_asset_graph().get_all_asset_keys()}
    assert keys == {f"{table.layer}/{table.name}" for table in TABLES.values()} | {"landing/files"}


@pytest.mark.parametrize("name", TABLES)
def test_every_table_tells_people_what_it_is(defs: dg.Definitions, name: str) -> None:
    table = TABLES[name]
    node = defs.resolve_asset_graph().get(dg.AssetKey([table.layer, name]))
    schema = node.metadata["dagster/column_schema"]
    assert node.description
    assert node.owners
    assert node.kinds
    assert [column.name for column in schema.columns] == list(table.columns)
    assert all(column.description for column in schema.columns)


@pytest.mark.parametrize("name", [name for name, table in TABLES.items() if table.layer != "bronze"])
def test_every_computed_table_is_checked_and_recomputed_by_itself(defs: dg.Definitions, name: str) -> None:
    graph = defs.resolve_asset_graph()
    key = dg.AssetKey([TABLES[name].layer, name])
    assert {check.name for check in graph.get(key).check_keys} >= {"shape", "schema_change"}
    assert graph.get(dg.AssetCheckKey(key, "shape")).blocking
    assert graph.get(key).automation_condition is not None


def test_partitioned_tables_share_one_definition_of_days(defs: dg.Definitions) -> None:
    graph = defs.resolve_asset_graph()
    assert len({graph.get(key).partitions_def for key in graph.get_all_asset_keys()} - {None}) == 1


def test_the_nightly_schedule_computes_the_day_that_has_ended(defs: dg.Definitions) -> None:
    from datetime import UTC, datetime

    nightly = next(schedule for schedule in defs.schedules or [] if schedule.name == "nightly")
    context = dg.build_schedule_context(
        scheduled_execution_time=datetime(2024, 3, 9, 2, tzinfo=UTC), repository_def=defs.get_repository_def()
    )
    request = nightly.evaluate_tick(context).run_requests[0]
    assert request.partition_key == "2024-03-08"
