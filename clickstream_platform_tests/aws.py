"""The emulated AWS for tests: one server a test process, emptied for every test that asks for `aws`."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from clickstream_platform.local_aws.environment import ACCOUNT, REGION, local_environment
from clickstream_platform.local_aws.server import LocalServer, start_server


@dataclass(frozen=True)
class Aws:
    """The emulation that this test has to itself; the environment of the process names it."""

    endpoint: str
    server: LocalServer
    region: str = REGION
    account: str = ACCOUNT

    def client(self, service: str) -> Any:
        return self.server.client(service)


@pytest.fixture(scope="session")
def aws_server() -> Iterator[LocalServer]:
    with start_server() as server:
        yield server


@pytest.fixture
def aws(aws_server: LocalServer, monkeypatch: pytest.MonkeyPatch) -> Aws:
    """An empty emulated AWS, and the environment variables that lead there."""
    aws_server.reset()
    for name, value in local_environment(aws_server.endpoint, {}).items():
        monkeypatch.setitem(os.environ, name, value)
    return Aws(aws_server.endpoint, aws_server)
