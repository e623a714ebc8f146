"""`clickstream aws-local`: the cloud platform on this machine, on an emulated AWS."""

import contextlib
import os
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from clickstream_platform.local_aws.platform import LocalPlatform

MARKER = ".clickstream-aws-local"
"""A file that says that a folder's content is ours to remove."""


@click.command("aws-local")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address that the Dagster UI listens on.")
@click.option("--port", default=3000, show_default=True, type=click.IntRange(1, 65535), help="Port of the UI.")
@click.option("--aws-port", default=4566, show_default=True, type=click.IntRange(0, 65535), help="Port of the AWS API.")
@click.option(
    "--api-port", default=8080, show_default=True, type=click.IntRange(0, 65535), help="Port of the HTTP API."
)
@click.option("--rate", default=20.0, show_default=True, type=click.FloatRange(0, 1000), help="Events a second.")
@click.option(
    "--history", default=0, show_default=True, type=click.IntRange(0, 1440), help="Minutes before now to begin with."
)
@click.option("--burst", is_flag=True, help="Send events as in AWS, every five minutes, instead of as they happen.")
@click.option("--no-dagster", is_flag=True, help="Only the streaming half, without Dagster.")
@click.option("--for", "seconds", type=click.FloatRange(min=0), help="Stop by itself after so many seconds.")
@click.option("--state", default=".aws-local", show_default=True, type=click.Path(path_type=Path), help="For logs.")
def aws_local(
    *,
    host: str,
    port: int,
    aws_port: int,
    api_port: int,
    rate: float,
    history: int,
    burst: bool,
    no_dagster: bool,
    seconds: float | None,
    state: Path,
) -> None:
    """Run the whole platform on an emulated AWS, with a shop's events flowing.

    A moto server stands in for AWS. Events go through Kinesis and the stream processor into the lake's bucket and the
    live tables, files that are put below s3://clickstream-lake/landing/ through file-ingest, and S3's notifications
    through SQS to Dagster, which keeps silver and gold up to date. A gateway takes events and files over HTTP. No
    account is needed and none is touched.

    All of it is in memory and gone afterwards; --state keeps logs. Stop it with Ctrl-C.
    """
    from clickstream_platform.local_aws.environment import replace_environment
    from clickstream_platform.local_aws.platform import start_platform
    from clickstream_platform.local_aws.server import require_free_port

    if not no_dagster:
        require_free_port(host, port, "the Dagster UI")
    logs = prepared_state(state)
    with contextlib.ExitStack() as stack:
        stack.enter_context(terminated_like_interrupted())
        running = start_platform(
            logs,
            rate=rate,
            history_minutes=history,
            burst=burst,
            port=aws_port,
            api_port=api_port,
            settings=dotenv_settings(),
            tell=lambda line: click.echo(line, err=True),
        )
        stack.callback(running.stop)
        replace_environment(running.environment)
        addresses = {"API": running.gateway.endpoint, "AWS": running.server.endpoint}
        addresses |= {"lake": running.resources.lake_uri, "logs": str(logs)}
        if not no_dagster:
            from clickstream_platform.local_aws.dagster_process import DagsterProcess
            from clickstream_platform.local_aws.platform import dagster_environment

            dagster = DagsterProcess(host, port, dagster_environment(running), logs / "dagster.log")
            stack.callback(dagster.stop)
            addresses = {"UI": f"http://{host}:{port}", **addresses}
        _watch(running, addresses, seconds)


def prepared_state(state: Path) -> Path:
    """The folder for logs, empty, and one for Dagster: what was in them ended with the emulation it was about.

    Raises:
        LocalAwsError: The folder has a content that is not this command's.
    """
    from clickstream_platform.lib.home import ensure_home
    from clickstream_platform.local_aws.server import LocalAwsError

    state = state.absolute()
    if state.exists() and not (state / MARKER).exists() and (not state.is_dir() or any(state.iterdir())):
        raise LocalAwsError(f"{state} has other things in it, and would be emptied: choose another folder with --state")
    logs, home = state / "logs", state / "dagster"
    for folder in (logs, home):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    (state / MARKER).touch()
    os.environ["DAGSTER_HOME"] = str(home)
    ensure_home()
    return logs


def dotenv_settings() -> dict[str, str]:
    """The settings of a `.env` file here: functions, unlike the platform, read the environment alone."""
    from dotenv import dotenv_values

    found = {name: value for name, value in dotenv_values(".env").items() if value is not None}
    return {name: value for name, value in found.items() if name.startswith("CLICKSTREAM_") and name not in os.environ}


@contextlib.contextmanager
def terminated_like_interrupted() -> Iterator[None]:
    """Have SIGTERM stop everything as Ctrl-C does."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _watch(running: "LocalPlatform", addresses: dict[str, str], seconds: float | None) -> None:
    from clickstream_platform.local_aws.server import LocalAwsError
    from clickstream_platform.local_aws.view import View
    from clickstream_platform.local_aws.watching import Snapshot, Watch

    watch, view, last = Watch(running), View(addresses), Snapshot()
    deadline = None if seconds is None else time.monotonic() + seconds
    try:
        while deadline is None or time.monotonic() < deadline:
            if not running.server.alive:
                raise LocalAwsError(f"the emulated AWS has ended; see {running.logs / 'moto.log'}")
            with contextlib.suppress(Exception):  # an emulation under load may not answer in time: look again
                last = watch.take()
            view.show(last)
            time.sleep(1.0)
    finally:
        view.close(last)
