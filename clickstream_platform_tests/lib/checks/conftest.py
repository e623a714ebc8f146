import shutil
from pathlib import Path

import pytest

from clickstream_platform.lake import Lake
from clickstream_platform_tests.lib.checks.shop import good_lake


@pytest.fixture(scope="session")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(good_lake(tmp_path_factory.mktemp("pristine")).uri)


@pytest.fixture
def lake(pristine: Path, tmp_path: Path) -> Lake:
    """A lake in which every check passes, to be broken."""
    shutil.copytree(pristine, tmp_path / "lake")
    return Lake(str(tmp_path / "lake"))
