"""The configuration of Dagster in the image: production's, with the launcher for ECS behind it."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from dagster._core.instance.ref import InstanceRef
from dagster._core.launcher import RunLauncher
from dagster._core.remote_origin import GrpcServerCodeLocationOrigin
from dagster._core.storage.compute_log_manager import ComputeLogManager
from dagster._core.workspace.load import location_origins_from_yaml_paths
from dagster_aws.ecs import EcsRunLauncher
from dagster_postgres.utils import pg_url_from_config
from sqlalchemy import create_engine

from clickstream_platform_tests.aws import Aws
from clickstream_platform_tests.infra.templates import ROOT

PRODUCTION = ROOT / "clickstream_platform" / "instance" / "production.yaml"
LAUNCHER = ROOT / "infra" / "run_launcher.yaml"
VARIABLES = {
    "DAGSTER_POSTGRES_HOST": "database.internal",
    "DAGSTER_POSTGRES_USER": "dagster",
    "DAGSTER_POSTGRES_PASSWORD": "secret",
    "DAGSTER_POSTGRES_DB": "dagster",
    "DAGSTER_COMPUTE_LOGS_BUCKET": "compute-logs",
    "DAGSTER_RUN_TASK_DEFINITION": "clickstream-dev-dagster-run",
    "CLICKSTREAM_CODE_HOST": "code.clickstream-dev.internal",
}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A DAGSTER_HOME as the image has it, and the variables that its tasks have."""
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    tmp_path.joinpath("dagster.yaml").write_text(PRODUCTION.read_text() + LAUNCHER.read_text())
    return tmp_path


def register(aws: Aws) -> str:
    """A task definition of runs, as the stack makes it."""
    container: dict[str, Any] = {"name": "run", "image": "image", "memory": 512}
    made = aws.client("ecs").register_task_definition(
        family=VARIABLES["DAGSTER_RUN_TASK_DEFINITION"], containerDefinitions=[container]
    )
    return str(made["taskDefinition"]["taskDefinitionArn"])


def test_the_two_files_have_no_key_in_common() -> None:
    production, launcher = (set(yaml.safe_load(path.read_text())) for path in (PRODUCTION, LAUNCHER))
    assert launcher == {"run_launcher"}
    assert production.isdisjoint(launcher)


def test_each_part_of_it_is_valid(home: Path) -> None:
    ref = InstanceRef.from_dir(str(home))
    for part in (ref.run_storage_data, ref.event_storage_data, ref.schedule_storage_data, ref.run_coordinator_data):
        assert part is not None
        assert part.config_dict is not None
    storage = json.dumps(ref.storage_data.config_dict) if ref.storage_data else ""
    assert "DAGSTER_POSTGRES_HOST" in storage
    assert ref.settings["run_monitoring"]["enabled"]


def test_the_database_is_spoken_to_by_the_driver_that_is_installed(home: Path) -> None:
    config = yaml.safe_load(PRODUCTION.read_text())["storage"]["postgres"]["postgres_db"]
    known = {name: VARIABLES[one["env"]] if isinstance(one, dict) else one for name, one in config.items()}
    engine = create_engine(pg_url_from_config({"postgres_db": known}))
    assert engine.dialect.driver == "psycopg2"
    assert engine.url.host == "database.internal"


def test_production_alone_is_valid_anywhere(home: Path) -> None:
    home.joinpath("dagster.yaml").write_text(PRODUCTION.read_text())
    ref = InstanceRef.from_dir(str(home))
    assert ref.run_launcher_data is not None
    assert ref.run_launcher_data.class_name == "DefaultRunLauncher"


def test_runs_have_the_stacks_task_definition(home: Path, aws: Aws) -> None:
    arn = register(aws)
    data = InstanceRef.from_dir(str(home)).run_launcher_data
    assert data is not None
    launcher = data.rehydrate(as_type=RunLauncher)
    assert isinstance(launcher, EcsRunLauncher)
    assert launcher.task_definition == arn
    assert launcher.container_name == "run"
    assert launcher.use_current_ecs_task_config
    # Tagged secrets would be looked for among all that there are.
    assert launcher.secrets_tags == []


def test_compute_logs_go_to_their_bucket(home: Path, aws: Aws) -> None:
    data = InstanceRef.from_dir(str(home)).compute_logs_data
    assert data.rehydrate(as_type=ComputeLogManager)._s3_bucket == "compute-logs"


def test_the_workspace_leads_to_the_code_location(home: Path) -> None:
    (origin,) = location_origins_from_yaml_paths([str(ROOT / "infra" / "workspace.yaml")])
    assert isinstance(origin, GrpcServerCodeLocationOrigin)
    assert origin.location_name == "clickstream_platform"
    assert origin.host == VARIABLES["CLICKSTREAM_CODE_HOST"]
    assert origin.port == 4000
