"""The moto server: AWS' wire protocol on the loopback, in a process of its own."""

import importlib.util
import json
import os
import socket
import subprocess
import sys
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from clickstream_platform.local_aws.environment import local_environment

STOP_SECONDS = 5
"""How long a server may take to end by itself before it is killed."""


class LocalAwsError(Exception):
    """The emulated AWS cannot run; the message says why and what to do."""


@dataclass
class LocalServer:
    """A running server; as a context manager it is stopped at the end.

    It ends by itself when this process does, however that happens: it waits on a pipe that we hold.
    """

    endpoint: str
    process: subprocess.Popen[str]

    def client(self, service: str) -> Any:
        """A boto3 client of it, whatever this process' environment says."""
        return client(service, self.endpoint)

    def reset(self) -> None:
        """Forget every resource."""
        request = urllib.request.Request(f"{self.endpoint}/moto-api/reset", method="POST")
        # No proxy of the environment is asked for the loopback.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=30) as answer:
            answer.read()

    @property
    def alive(self) -> bool:
        """Whether the process still runs."""
        return self.process.poll() is None

    def stop(self) -> None:
        """End it; a second call does nothing."""
        end(self.process)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()


def start_server(
    host: str = "127.0.0.1", port: int = 0, *, log: Path | None = None, retention_minutes: int = 1440
) -> LocalServer:
    """Start a server and wait until it answers.

    Args:
        host: Address it listens on.
        port: 0 takes a free one.
        log: File that its messages are appended to; none by default.
        retention_minutes: Stream records are dropped after so long, as their memory is this machine's.

    Raises:
        LocalAwsError: moto is not installed, the port is in use, or the server did not start.
    """
    if importlib.util.find_spec("moto") is None or importlib.util.find_spec("flask") is None:
        raise LocalAwsError("the emulated AWS needs moto: pip install 'clickstream-platform[aws-local]'")
    if port:
        require_free_port(host, port, "the emulated AWS")
    command = [sys.executable, "-m", "clickstream_platform.local_aws.moto_process", host, str(port)]
    with open_log(log) as errors:
        process = subprocess.Popen(
            [*command, str(retention_minutes)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env=local_environment(""),
            # Ctrl-C in a terminal reaches the whole group; this process is ended by us, and last.
            start_new_session=True,
        )
    assert process.stdout is not None
    ready = process.stdout.readline()
    if not ready:
        end(process)
        raise LocalAwsError(f"the moto server did not start on {host}:{port}" + (f"; see {log}" if log else ""))
    return LocalServer(json.loads(ready)["endpoint"], process)


def client(service: str, endpoint: str) -> Any:
    """A boto3 client of the emulation at `endpoint` that many threads may share."""
    import boto3
    from botocore.config import Config

    variables = local_environment(endpoint, {})
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name=variables["AWS_REGION"],
        aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
        config=Config(max_pool_connections=64, proxies={}),
    )


def require_free_port(host: str, port: int, purpose: str) -> None:
    """Make sure that a port can be listened on.

    Raises:
        LocalAwsError: It cannot.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            reason = os.strerror(error.errno) if error.errno else str(error)
            raise LocalAwsError(f"{host}:{port} cannot be had for {purpose}: {reason}. Choose another port.") from error


def open_log(path: Path | None) -> IO[bytes]:
    """The file that a child's messages are appended to."""
    return Path(os.devnull).open("ab") if path is None else path.open("ab")


def end(process: subprocess.Popen[str]) -> None:
    """Close a child's pipes, which asks it to end; kill it when it does not."""
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
