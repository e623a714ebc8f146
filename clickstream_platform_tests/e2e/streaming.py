"""A shop's files through the streaming half on an emulated AWS, with every process that is there in production.

Events go onto Kinesis, a poller hands them to the stream processor in a process of its own; master data and orders go
to `landing/` and file-ingest; S3 tells a queue of every bronze object, and Dagster's sensor reads it.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import dagster as dg
import msgspec
import pytest

from clickstream_platform.config import get_settings
from clickstream_platform.defs.automation.arrivals import bronze_arrivals
from clickstream_platform.lake import Lake
from clickstream_platform.lib.home import ensure_home
from clickstream_platform.lib.resources import LakeResource
from clickstream_platform.local_aws.environment import local_environment
from clickstream_platform.local_aws.functions import Function, Processes
from clickstream_platform.local_aws.plan import FILE_INGEST, STREAM_PROCESSOR
from clickstream_platform.local_aws.poller import Counts, Poller
from clickstream_platform.local_aws.resources import create_all
from clickstream_platform.local_aws.s3_events import S3Events
from clickstream_platform.local_aws.server import start_server
from clickstream_platform_tests.aws import Aws

_AT_ONCE = 500
_PATIENCE = 7200.0
"""Seconds until what should come is taken not to come; a slow machine is no failure."""


class StreamingPlatform:
    """The emulated AWS with its functions, and a Dagster home; `files` puts logs and the home below a folder."""

    def __init__(self, folder: Path, batch_size: int, stack: ExitStack) -> None:
        self.folder = folder
        server = stack.enter_context(start_server(log=folder / "moto.log"))
        self.aws = Aws(server.endpoint, server)
        self._made = create_all(server.endpoint)
        self._stack = stack
        (mapping,) = self._made.plan.mappings
        self._mapping = replace(mapping, batch_size=batch_size, batching_window_seconds=1)
        own = {**self._made.settings(), "DAGSTER_HOME": str(folder / "home"), "PYTHONPATH": os.pathsep.join(sys.path)}
        self.environment = local_environment(server.endpoint, {**bare_environment(), **own})
        self.lake_uri = self._made.lake_uri

    def stream(self, lines: list[bytes]) -> Counts:
        """Put records onto the stream, entities in order, and wait until the function has done all of them."""
        put_all(self.aws, self._made.plan.events, lines)
        poller = Poller(
            self._mapping,
            self._function(STREAM_PROCESSOR),
            self.aws.endpoint,
            queue_url=self._made.queue_urls[self._made.plan.stream_failures],
        ).start()
        self._stack.callback(poller.stop)
        assert poller.wait_until_caught_up(_PATIENCE), self.log(STREAM_PROCESSOR)
        return poller.counts

    def land(self, files: list[Path]) -> None:
        """Put files into `landing/`, and wait until file-ingest has taken them."""
        queue = self._made.queue_urls[self._made.plan.landing]
        feeder = S3Events(self._function(FILE_INGEST), self.aws.endpoint, queue, retry_seconds=1).start()
        self._stack.callback(feeder.stop)
        for file in files:
            key = f"landing/{file.parent.name}/{file.name}"
            self.aws.client("s3").put_object(Bucket=self._made.plan.bucket, Key=key, Body=file.read_bytes())
        wait_until(lambda: feeder.succeeded == len(files), lambda: self.log(FILE_INGEST))

    def sense(self) -> set[tuple[str, str | None]]:
        """Let the sensor tick until its queue is empty; the bronze partitions that it reported to Dagster."""
        reported: set[tuple[str, str | None]] = set()
        with self._here(), dg.DagsterInstance.from_config(str(ensure_home())) as instance:
            cursor: str | None = None
            while True:
                with dg.build_sensor_context(instance=instance, cursor=cursor) as context:
                    result = bronze_arrivals(context, lake=LakeResource(uri=self.lake_uri))
                    if not isinstance(result, dg.SensorResult):
                        return reported
                for event in result.asset_events:
                    instance.report_runless_asset_event(event)
                    reported.add((event.asset_key.path[-1], event.partition))
                cursor = result.cursor

    def waiting(self) -> dict[str, int]:
        """Messages in each queue, whether or not somebody has received them."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        sqs = self.aws.client("sqs")
        depths = {
            queue: sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
            for queue, url in self._made.queue_urls.items()
        }
        return {queue: sum(map(int, attributes.values())) for queue, attributes in depths.items()}

    def run(self, *arguments: str) -> None:
        """A `clickstream` command over the bucket's lake."""
        run(self.environment, self.folder, *arguments)

    @contextmanager
    def lake(self) -> Iterator[Lake]:
        """The bucket's lake, for as long as the context lasts."""
        with self._here():
            yield Lake(self.lake_uri)

    def log(self, function: str) -> str:
        """The end of a function's log."""
        path = self.folder / f"{function}.log"
        return path.read_text(errors="replace")[-3000:] if path.exists() else ""

    def metrics(self) -> list[dict[str, object]]:
        """What the stream processor told CloudWatch."""
        lines = (self.folder / f"{STREAM_PROCESSOR}.log").read_text().splitlines()
        return [json.loads(line) for line in lines if line.startswith('{"_aws"')]

    def _function(self, name: str) -> Processes:
        module = f"clickstream_platform.lambdas.{name.replace('-', '_')}.handler:handler"
        patient = {**self._made.settings(), "CLICKSTREAM_STORAGE_TIMEOUT_SECONDS": "60"}
        function = Function(name, module, patient, timeout_seconds=900.0)
        processes = Processes(function, self.aws.endpoint, log=self.folder / f"{name}.log")
        self._stack.callback(processes.close)
        return processes

    @contextmanager
    def _here(self) -> Iterator[None]:
        """With this process' environment that of the platform."""
        with pytest.MonkeyPatch.context() as patch:
            for name, value in self.environment.items():
                patch.setenv(name, value)
            get_settings.cache_clear()
            try:
                yield
            finally:
                get_settings.cache_clear()


def put_all(aws: Aws, stream: str, lines: list[bytes]) -> None:
    """Put records onto a stream in their order, the entity as partition key, as the SDKs of shops do."""
    kinesis = aws.client("kinesis")
    for begin in range(0, len(lines), _AT_ONCE):
        records = [{"Data": line, "PartitionKey": entity_of(line)} for line in lines[begin : begin + _AT_ONCE]]
        assert kinesis.put_records(StreamName=stream, Records=records)["FailedRecordCount"] == 0


def entity_of(line: bytes) -> str:
    """Whom a record is about; of a malformed one, its own beginning."""
    try:
        record = msgspec.json.decode(line)
        return str(record.get("user_id") or record.get("anonymous_id"))[:256]
    except (ValueError, AttributeError):
        return repr(line[:50])


def embedded(folder: Path, files: list[Path]) -> Lake:
    """The lake that the command line makes of the same files on local disk."""
    lake = Lake(str(folder / "lake"))
    environment = {
        **bare_environment(),
        "CLICKSTREAM_LAKE_URI": lake.uri,
        "DAGSTER_HOME": str(folder / "home"),
        "CLICKSTREAM_REJECT_THRESHOLD": "1",
    }
    run(environment, folder, "ingest", *map(str, files))
    run(environment, folder, "build")
    return lake


def run(environment: dict[str, str], folder: Path, *arguments: str) -> None:
    """A `clickstream` command, which must succeed."""
    command = [sys.executable, "-m", "clickstream_platform.cli", *arguments]
    done = subprocess.run(
        command, env=environment, cwd=folder, capture_output=True, text=True, timeout=_PATIENCE, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]


def wait_until(holds: Callable[[], bool], explain: Callable[[], str]) -> None:
    """Look again and again until something holds."""
    deadline = time.monotonic() + _PATIENCE
    while not holds():
        assert time.monotonic() < deadline, explain()
        time.sleep(0.1)


def bare_environment() -> dict[str, str]:
    """This process' environment without what leads to an account or a platform."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "CLICKSTREAM_"))}
