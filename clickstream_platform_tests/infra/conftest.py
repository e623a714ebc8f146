from pathlib import Path

import pytest

from clickstream_platform_tests.infra.templates import Templates, app


def synthesised(environment: str, folder: Path) -> Templates:
    done = app(environment, str(folder))
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    return Templates(folder, f"clickstream-{environment}-")


@pytest.fixture(scope="session")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Templates:
    """The templates of `dev`."""
    return synthesised("dev", tmp_path_factory.mktemp("dev"))


@pytest.fixture(scope="session")
def prod(tmp_path_factory: pytest.TempPathFactory) -> Templates:
    """The templates of `prod`."""
    return synthesised("prod", tmp_path_factory.mktemp("prod"))
