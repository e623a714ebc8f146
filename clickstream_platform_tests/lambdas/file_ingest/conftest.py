import pytest

from clickstream_platform_tests.aws import Aws
from clickstream_platform_tests.lambdas.file_ingest.bucket import Lake


@pytest.fixture
def lake(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Lake:
    monkeypatch.setenv("CLICKSTREAM_LAKE_URI", "s3://shop-lake/lake")
    return Lake(aws)
