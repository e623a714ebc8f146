import pytest

from clickstream_platform_tests.aws import Aws
from clickstream_platform_tests.lambdas.deployed import Deployed
from clickstream_platform_tests.lambdas.replay.replayed import Replayed


@pytest.fixture
def replayed(aws: Aws, deployed: Deployed, monkeypatch: pytest.MonkeyPatch) -> Replayed:
    return Replayed(aws, deployed, monkeypatch)
