from collections.abc import Iterator

import pytest

from clickstream_platform_tests.aws import Aws
from clickstream_platform_tests.lambdas.ingest_api.harness import Api


@pytest.fixture
def api(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    api = Api(aws, monkeypatch)
    yield api
    api.restart()
