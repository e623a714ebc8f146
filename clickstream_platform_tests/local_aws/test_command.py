"""`clickstream aws-local` as a user runs it: real processes, and none of them afterwards."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from clickstream_platform import cli
from clickstream_platform.lake import Lake
from clickstream_platform.local_aws import server
from clickstream_platform.local_aws.environment import local_environment
from clickstream_platform.local_aws.server import client

ORDER = "order_id,customer_id,product_id,quantity,unit_price,total_amount,status,order_time,region\n"
COMMAND = [sys.executable, "-m", "clickstream_platform.cli", "aws-local"]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Running:
    """A started command, with what it printed."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.endpoint_port, self.api_port = free_port(), free_port()
        self.output = folder / "output"
        self.state = folder / "state"
        # Its descendants carry the name of the folder in their environment, wherever they move to.
        self.mark = f"CLICKSTREAM_TEST_MARK={folder}"
        name, _, value = self.mark.partition("=")
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [*COMMAND, *self.ports(), "--state", str(self.state), *options],
                cwd=folder,
                env={**os.environ, name: value},
                stdout=output,
                stderr=output,
            )

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.endpoint_port}"

    @property
    def api(self) -> str:
        return f"http://127.0.0.1:{self.api_port}"

    def ports(self) -> list[str]:
        return ["--aws-port", str(self.endpoint_port), "--api-port", str(self.api_port)]

    def descendants(self) -> list[int]:
        """Processes that this one or its children started and that still run."""
        found = []
        for entry in Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and self.mark.encode() in (entry / "environ").read_bytes().split(b"\0"):
                    found.append(int(entry.name))
            except OSError:
                continue
        return found

    def wait_for(self, condition: Callable[[], Any], seconds: float = 60.0) -> Any:
        deadline = time.monotonic() + seconds
        while not (found := self._quietly(condition)):
            assert self.process.poll() is None, f"it ended: {self.output.read_text()}"
            assert time.monotonic() < deadline, f"not in time: {self.output.read_text()}"
            time.sleep(0.2)
        return found

    def stop(self, how: signal.Signals = signal.SIGINT) -> int:
        self.process.send_signal(how)
        return self.process.wait(60)

    @staticmethod
    def _quietly(condition: Callable[[], Any]) -> Any:
        try:
            return condition()
        except (OSError, AssertionError):
            return None


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    started: list[Running] = []

    def begin(*options: str) -> Running:
        started.append(Running(tmp_path, *options))
        return started[-1]

    yield begin
    for running in started:
        if running.process.poll() is None:
            running.process.send_signal(signal.SIGINT)
            running.process.wait(60)


def test_a_missing_moto_is_said_with_the_remedy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(server.importlib.util, "find_spec", lambda name: None)
    result = CliRunner().invoke(cli.main, ["aws-local", "--no-dagster", "--state", str(tmp_path / "state")])
    assert result.exit_code == 2
    assert "pip install 'clickstream-platform[aws-local]'" in result.stderr


@pytest.mark.parametrize("option", ["--port", "--aws-port", "--api-port"])
def test_a_port_in_use_is_said(tmp_path: Path, option: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        others = [] if option == "--port" else ["--no-dagster"]
        others += [] if option == "--aws-port" else ["--aws-port", "0"]
        others += [] if option == "--api-port" else ["--api-port", "0"]
        result = CliRunner().invoke(cli.main, ["aws-local", option, port, *others, "--state", str(tmp_path / "state")])
    assert result.exit_code == 2
    assert f"127.0.0.1:{port} cannot be had" in result.stderr
    assert "Choose another port" in result.stderr


def test_a_folder_with_other_things_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "dagster").mkdir()
    (tmp_path / "dagster" / "mine").touch()
    result = CliRunner().invoke(cli.main, ["aws-local", "--no-dagster", "--state", str(tmp_path)])
    assert result.exit_code == 2
    assert "choose another folder with --state" in result.stderr
    assert (tmp_path / "dagster" / "mine").exists()


@pytest.mark.slow
def test_a_shops_events_and_files_flow_and_it_stops_by_itself(start: Callable[..., Running]) -> None:
    running = start("--no-dagster", "--for", "25", "--rate", "30", "--history", "0")
    s3 = client("s3", running.endpoint)
    body = ORDER + "o1,c1,p1,1,2.00,2.00,completed,2026-01-02T10:00:00Z,EU\n"

    def put() -> bool:
        s3.put_object(Bucket="clickstream-lake", Key="landing/orders/a.csv", Body=body.encode())
        return True

    running.wait_for(lambda: put() if "lake" in running.output.read_text() else False)

    def bronze(table: str) -> list[str]:
        listed = s3.list_objects_v2(Bucket="clickstream-lake", Prefix=f"bronze/{table}/").get("Contents", [])
        return [each["Key"] for each in listed]

    running.wait_for(lambda: bronze("orders"))
    running.wait_for(lambda: bronze("events"))
    assert running.process.wait(60) == 0
    last = running.output.read_text().splitlines()[-1]
    assert "files 1" in last
    assert " 0 failed" in last
    assert running.descendants() == []
    metrics = [json.loads(line) for line in (running.state / "logs/stream-processor.log").read_text().splitlines()]
    assert sum(metric.get("ingested", 0) for metric in metrics) > 0


@pytest.mark.slow
def test_what_the_documentation_sends_over_http_reaches_bronze(start: Callable[..., Running], tmp_path: Path) -> None:
    running = start("--no-dagster", "--rate", "0")
    running.wait_for(lambda: urllib.request.urlopen(f"{running.api}/health", timeout=5).status == 200)
    document = (Path(__file__).parents[2] / "docs" / "ingest-api.md").read_text()
    _, *lines = re.findall(r"```sh\n(.*?)```", document, re.DOTALL)[0].splitlines()
    assert sum(line.startswith("curl") or "| curl" in line for line in lines) == 6
    script = (
        "\n".join(lines).replace("http://127.0.0.1:8080", running.api).replace("curl ", "curl -sS -w '%{http_code}\n' ")
    )
    said = subprocess.run(["bash", "-euc", script], capture_output=True, text=True, check=True, timeout=60).stdout
    assert [line[-3:] for line in said.splitlines()] == ["202"] * 5 + ["204"], said
    assert '"refused":0' in said
    (tmp_path / "orders.csv").write_text(ORDER + "o1,c1,p1,1,2.00,2.00,completed,2026-01-02T10:00:00Z,EU\n")
    upload = [
        "curl",
        "-sS",
        "--data-binary",
        "@orders.csv",
        "-H",
        "content-type: text/csv",
        f"{running.api}/upload/orders",
    ]
    assert '"accepted":1' in subprocess.run(upload, cwd=tmp_path, capture_output=True, text=True, timeout=60).stdout

    s3 = client("s3", running.endpoint)

    def rows(table: str) -> list[dict[str, Any]]:
        listed = s3.list_objects_v2(Bucket="clickstream-lake", Prefix=f"bronze/{table}/").get("Contents", [])
        bodies = [s3.get_object(Bucket="clickstream-lake", Key=each["Key"])["Body"].read() for each in listed]
        return [row for body in bodies for row in pq.read_table(pa.BufferReader(body)).to_pylist()]

    running.wait_for(lambda: len(rows("events")) == 7)
    assert {row["event_id"] for row in rows("events")} == {"e1"}
    assert len(rows("orders")) == 1
    assert running.stop() == 130
    assert running.descendants() == []


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_stopping_leaves_no_process_behind(start: Callable[..., Running], how: signal.Signals) -> None:
    port = free_port()
    running = start("--rate", "5", "--port", str(port))
    running.wait_for(lambda: urllib.request.urlopen(f"http://127.0.0.1:{port}/server_info", timeout=1).status == 200)
    assert len(running.descendants()) > 4
    assert running.stop(how) == 130
    assert running.descendants() == []


@pytest.mark.slow
def test_a_command_that_is_killed_takes_the_emulation_and_the_functions_along(start: Callable[..., Running]) -> None:
    running = start("--no-dagster", "--rate", "5")
    running.wait_for(lambda: "batches" in running.output.read_text() and len(running.descendants()) >= 2)
    running.process.kill()
    running.process.wait()
    deadline = time.monotonic() + 20
    while running.descendants() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert running.descendants() == []


@pytest.mark.slow
def test_events_reach_gold_through_the_queue(start: Callable[..., Running], monkeypatch: pytest.MonkeyPatch) -> None:
    running = start("--rate", "3", "--history", "5", "--port", str(free_port()))
    for name, value in local_environment(running.endpoint, {}).items():
        monkeypatch.setenv(name, value)
    lake = Lake("s3://clickstream-lake")

    def rows(table: str) -> int:
        try:
            return int(lake.scan(table).collect().height)
        except Exception:  # the bucket is not there yet, or an object is being replaced
            return 0

    # In this order, as sessions and their day's summary come in runs of their own.
    for table in ("events_clean", "sessions", "traffic_summary"):
        running.wait_for(lambda table=table: rows(table), 240)
    text = (running.state / "logs/dagster.log").read_text()
    assert "RUN_FAILURE" not in text
    assert running.stop() == 130
