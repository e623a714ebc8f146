from collections.abc import Callable, Iterator

import pytest

from clickstream_platform.realtime import dynamodb
from clickstream_platform.realtime.dynamodb_calls import Calls
from clickstream_platform_tests.aws import Aws
from clickstream_platform_tests.lambdas.deployed import Deployed


@pytest.fixture
def deployed(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployed]:
    deployed = Deployed(aws, monkeypatch)
    yield deployed
    deployed.restart()


@pytest.fixture
def one_by_one(deployed: Deployed, monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls to DynamoDB come one after the other, and none is tried twice: the n-th is always the same."""

    def once(calls: Calls) -> Iterator[Callable[[], None]]:
        yield lambda: None

    monkeypatch.setattr(dynamodb, "_THREADS", 1)
    monkeypatch.setattr(Calls, "pauses", once)
    deployed.restart()
