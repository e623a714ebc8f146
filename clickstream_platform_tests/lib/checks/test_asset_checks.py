"""The asset checks in real runs of a Dagster instance."""

import shutil
from collections.abc import Collection, Iterator, Sequence
from datetime import date
from pathlib import Path

import dagster as dg
import polars as pl
import pytest
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus

from clickstream_platform.config import get_settings
from clickstream_platform.lake import Lake
from clickstream_platform.lib.checks import check_groups, checked_tables
from clickstream_platform.lib.checks.asset_checks import freshness_checks, table_checks
from clickstream_platform.lib.checks.freshness import SOURCES
from clickstream_platform.lib.day_ranges import range_tags
from clickstream_platform.lib.partitions import daily_partitions
from clickstream_platform.lib.resources import LakeResource
from clickstream_platform.lib.table_asset import table_key
from clickstream_platform.schemas import TABLES
from clickstream_platform_tests.lib.checks.shop import DAYS, MONDAY, TUESDAY, WEDNESDAY, rewrite

DOWNSTREAM = dg.AssetKey("reads_the_table")


@pytest.fixture(autouse=True)
def fresh_partitions() -> Iterator[None]:
    daily_partitions.cache_clear()
    yield
    daily_partitions.cache_clear()


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as ephemeral:
        yield ephemeral


def table_job(lake: Lake, name: str) -> dg.JobDefinition:
    """The table as an asset that leaves the lake as it is, its checks, and an asset that reads it."""
    partitions = daily_partitions() if TABLES[name].partition_column else None

    @dg.asset(key=table_key(TABLES[name]), partitions_def=partitions)
    def table() -> None: ...

    @dg.asset(key=DOWNSTREAM, deps=[table_key(TABLES[name])], partitions_def=partitions)
    def reads_the_table() -> None: ...

    return dg.Definitions(
        assets=[table, reads_the_table],
        asset_checks=table_checks(name),
        resources={"lake": LakeResource(uri=lake.uri)},
        executor=dg.in_process_executor,
    ).resolve_implicit_global_asset_job_def()


def run(
    lake: Lake, name: str, instance: dg.DagsterInstance, *, tags: dict[str, str] | None = None, day: date | None = None
) -> dg.ExecuteInProcessResult:
    return table_job(lake, name).execute_in_process(
        instance=instance, tags=tags, partition_key=day.isoformat() if day else None, raise_on_error=False
    )


def evaluations(result: dg.ExecuteInProcessResult) -> dict[tuple[str, str | None], dg.AssetCheckEvaluation]:
    return {(found.check_name, found.partition): found for found in result.get_asset_check_evaluations()}


def wrong(result: dg.ExecuteInProcessResult) -> set[tuple[str, str | None]]:
    return {key for key, found in evaluations(result).items() if not found.passed}


def test_every_check_of_every_table_is_an_asset_check_with_its_severity_in_view() -> None:
    checks = [*(check for table in checked_tables() for check in table_checks(table.name)), freshness_checks()]
    specs = {spec.key: spec for check in checks for spec in check.check_specs}
    infos = [info for table in checked_tables() for group in check_groups(table.name) for info in group.infos]
    assert len(specs) == len(infos)
    for info in infos:
        spec = specs[dg.AssetCheckKey(table_key(TABLES[info.table]), info.name)]
        assert spec.blocking is (info.name in ("shape", "credit_adds_up"))
        assert spec.metadata["severity"] == info.severity
        by_day = info.name not in ("schema_change", "freshness") and TABLES[info.table].partition_column is not None
        assert (spec.partitions_def is not None) is by_day


FIRST_TABLES = (
    *("events_clean", "events_quarantine", "sessions", "orders_validated", "orders_quarantine", "daily_sales_summary"),
    *("product_performance", "conversion_funnel", "attributed_checkouts", "traffic_summary"),
)
"""What every shop looks at."""


def test_thirty_days_of_all_tables_stay_within_a_fixed_number_of_verdicts() -> None:
    """Dagster keeps each as an event of its own, at 7 to 10 ms on SQLite: 12 and 23 seconds at most."""

    def verdicts(tables: Collection[str]) -> int:
        infos = [info for table in tables for group in check_groups(table) for info in group.infos]
        daily = [info for info in infos if info.by_day and TABLES[info.table].partition_column]
        return 30 * len(daily) + len(infos) - len(daily)

    assert verdicts(FIRST_TABLES) <= 1_200
    assert verdicts([table.name for table in checked_tables()]) <= 2_280
    assert max(verdicts([table.name]) for table in checked_tables()) <= 190


def test_range_run_keeps_a_verdict_for_each_day(lake: Lake, instance: dg.DagsterInstance) -> None:
    rewrite(lake, "orders_validated", lambda frame: frame.with_columns(status=pl.lit("lost")), TUESDAY)
    result = run(lake, "orders_validated", instance, tags=range_tags(MONDAY, WEDNESDAY))
    assert result.success
    assert wrong(result) == {("status_allowed", str(TUESDAY))}
    assert {key for key in evaluations(result) if key[0] == "shape"} == {("shape", str(day)) for day in DAYS}
    assert {day for check, day in evaluations(result) if check == "schema_change"} == {None}
    found = evaluations(result)["status_allowed", str(TUESDAY)]
    assert found.severity == dg.AssetCheckSeverity.ERROR
    assert found.metadata["failed"].value == 1
    assert "lost" in str(found.metadata["sample"].value)


def test_verdicts_are_about_their_own_days_materialization(lake: Lake, instance: dg.DagsterInstance) -> None:
    result = run(lake, "sessions", instance, tags=range_tags(MONDAY, TUESDAY))
    key = table_key(TABLES["sessions"])
    for day in (MONDAY, TUESDAY):
        wanted = dg.AssetRecordsFilter(asset_key=key, asset_partitions=[str(day)])
        (record,) = instance.fetch_materializations(wanted, limit=5).records
        about = evaluations(result)["shape", str(day)].target_materialization_data
        assert about is not None
        assert about.storage_id == record.storage_id


def test_stored_verdict_of_a_day_outlives_a_run_of_another(lake: Lake, instance: dg.DagsterInstance) -> None:
    rewrite(lake, "sessions", lambda frame: frame.with_columns(start_reason=pl.lit("mood")), MONDAY)
    run(lake, "sessions", instance, tags=range_tags(MONDAY, TUESDAY))
    run(lake, "sessions", instance, day=WEDNESDAY)
    key = dg.AssetCheckKey(table_key(TABLES["sessions"]), "start_reason_allowed")
    statuses = {day: stored_status(instance, key, day) for day in DAYS}
    assert statuses == {
        MONDAY: AssetCheckExecutionRecordStatus.FAILED,
        TUESDAY: AssetCheckExecutionRecordStatus.SUCCEEDED,
        WEDNESDAY: AssetCheckExecutionRecordStatus.SUCCEEDED,
    }


def stored_status(
    instance: dg.DagsterInstance, key: dg.AssetCheckKey, day: date
) -> AssetCheckExecutionRecordStatus | None:
    history = instance.event_log_storage.get_asset_check_execution_history(key, limit=20)
    newest = [
        record
        for record in history
        if record.partition == str(day) and record.status != AssetCheckExecutionRecordStatus.PLANNED
    ]
    return newest[0].status if newest else None


def test_single_day_run_keeps_the_verdict_under_its_day(lake: Lake, instance: dg.DagsterInstance) -> None:
    result = run(lake, "sessions", instance, day=MONDAY)
    assert {day for check, day in evaluations(result) if check != "schema_change"} == {str(MONDAY)}


def test_unpartitioned_table_has_one_verdict_a_check(lake: Lake, instance: dg.DagsterInstance) -> None:
    rewrite(lake, "products_clean", lambda frame: frame.head(0), None)
    assert wrong(run(lake, "products_clean", instance)) == {("rows_accounted_for", None)}


@pytest.mark.parametrize("single_day", [True, False])
def test_broken_shape_stops_what_is_downstream(lake: Lake, instance: dg.DagsterInstance, single_day: bool) -> None:
    rewrite(lake, "sessions", lambda frame: pl.concat([frame, frame]), MONDAY)
    tags = None if single_day else range_tags(MONDAY, WEDNESDAY)
    result = run(lake, "sessions", instance, tags=tags, day=MONDAY if single_day else None)
    assert not result.success
    assert wrong(result) == {("shape", str(MONDAY)), ("events_accounted_for", str(MONDAY))}
    assert not result.asset_materializations_for_node("reads_the_table")


@pytest.mark.parametrize("single_day", [True, False])
def test_broken_rule_stops_nothing(lake: Lake, instance: dg.DagsterInstance, single_day: bool) -> None:
    rewrite(lake, "sessions", lambda frame: frame.with_columns(start_reason=pl.lit("mood")), MONDAY)
    tags = None if single_day else range_tags(MONDAY, WEDNESDAY)
    result = run(lake, "sessions", instance, tags=tags, day=MONDAY if single_day else None)
    assert result.success
    assert wrong(result) == {("start_reason_allowed", str(MONDAY))}
    assert result.asset_materializations_for_node("reads_the_table")


@pytest.mark.parametrize("single_day", [True, False])
def test_object_cut_short_is_a_verdict_not_a_crash(lake: Lake, instance: dg.DagsterInstance, single_day: bool) -> None:
    path = Path(lake.uri) / lake.objects("orders_validated", [MONDAY])[0]
    path.write_bytes(path.read_bytes()[:100])
    tags = None if single_day else range_tags(MONDAY, WEDNESDAY)
    result = run(lake, "orders_validated", instance, tags=tags, day=MONDAY if single_day else None)
    assert {("shape", str(MONDAY)), ("rows_accounted_for", str(MONDAY))} <= wrong(result)
    assert not [event for event in result.all_events if event.is_step_failure and "Check" not in str(event)]


def test_schema_change_is_told_once(lake: Lake, instance: dg.DagsterInstance) -> None:
    def changed() -> bool:
        return ("schema_change", None) in wrong(run(lake, "sessions", instance, day=MONDAY))

    rewrite(lake, "sessions", lambda frame: frame.drop("campaign"))
    before = changed()
    rewrite(lake, "sessions", lambda frame: frame.with_columns(campaign=pl.lit(None, pl.String)))
    assert [before, changed(), changed()] == [True, True, False]


def test_freshness_of_all_tables_is_judged_without_partitions(lake: Lake, instance: dg.DagsterInstance) -> None:
    shutil.rmtree(Path(lake.uri) / "silver/sessions/year=2024/month=03/day=06")
    job = dg.Definitions(
        assets=[dg.AssetSpec(table_key(TABLES[name])) for name in SOURCES],
        asset_checks=[freshness_checks()],
        jobs=[dg.define_asset_job("fresh", selection=dg.AssetSelection.all_asset_checks())],
        resources={"lake": LakeResource(uri=lake.uri)},
    ).resolve_job_def("fresh")
    result = job.execute_in_process(instance=instance)
    found = {found.asset_key.path[-1]: found for found in result.get_asset_check_evaluations()}
    assert set(found) == set(SOURCES)
    assert {name for name, verdict in found.items() if not verdict.passed} == {"sessions"}
    assert found["sessions"].severity == dg.AssetCheckSeverity.WARN


def test_dagster_still_forgets_the_days_of_check_results_in_range_runs(instance: dg.DagsterInstance) -> None:
    """When this fails, Dagster does it itself: yield AssetCheckResults from `check_events` and drop the rest."""
    spec = dg.AssetCheckSpec("good", asset="table", partitions_def=daily_partitions())

    @dg.asset(partitions_def=daily_partitions())
    def table() -> None: ...

    @dg.multi_asset_check(specs=[spec])
    def judge() -> Iterator[dg.AssetCheckResult]:
        yield dg.AssetCheckResult(passed=True, check_name="good", asset_key="table")

    job = dg.Definitions(assets=[table], asset_checks=[judge]).resolve_implicit_global_asset_job_def()
    result = job.execute_in_process(instance=instance, tags=range_tags(MONDAY, TUESDAY))
    assert [found.partition for found in result.get_asset_check_evaluations()] == [None]


@pytest.mark.parametrize(("uri", "status"), [("lake", "STOPPED"), ("s3://shop/lake", "RUNNING")])
def test_the_clock_is_watched_by_itself_on_a_remote_lake_only(
    uri: str, status: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from clickstream_platform.defs.checks.freshness import freshness

    monkeypatch.setenv("CLICKSTREAM_LAKE_URI", uri)
    get_settings.cache_clear()
    schedules: Sequence[dg.ScheduleDefinition] = freshness().schedules  # type: ignore[attr-defined]
    found = {schedule.name: schedule.default_status.value for schedule in schedules}
    assert found == {"tables_keep_up_nightly": "RUNNING", "something_arrived_nightly": status}
