from collections.abc import Iterator

import pytest

from clickstream_platform_tests.aws import Aws
from clickstream_platform_tests.lambdas.deployed import Deployed


@pytest.fixture
def deployed(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployed]:
    deployed = Deployed(aws, monkeypatch)
    yield deployed
    deployed.restart()
