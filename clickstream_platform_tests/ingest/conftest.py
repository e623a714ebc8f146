from pathlib import Path

import pytest

from clickstream_platform_tests.ingest.harness import Lake


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path)
