"""Packages of functions: as small as they have to be, and whole: each handler is imported from its package alone."""

import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from clickstream_platform_tests.infra.templates import lacking
from infra import package
from infra.package import API, GENERATOR, LAKE, Package, PackageError, locked

HANDLERS = {
    "api": ["ingest_api"],
    "lake": ["stream_processor", "file_ingest", "replay", "replay_processor"],
    "generator": ["data_generator"],
}
_IN_THE_RUNTIME = ("boto3", "botocore", "dateutil", "jmespath", "s3transfer", "six", "urllib3")
_SETTINGS = {
    "AWS_ACCESS_KEY_ID": "none",
    "AWS_SECRET_ACCESS_KEY": "none",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "CLICKSTREAM_LAKE_URI": "s3://bucket",
    "CLICKSTREAM_REPLAY_QUEUE_URL": "http://127.0.0.1/q",
    "CLICKSTREAM_REPLAY_STEPS_QUEUE_URL": "http://127.0.0.1/q",
}
_PROGRAM = """
import sys
sys.path[:0] = {paths!r}
import clickstream_platform.lambdas.{function}.handler as module
for name in ("processor", "file_ingest", "service", "ingest_api"):
    if hasattr(module, name):
        getattr(module, name)()
"""


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What Lambda's runtime has besides Python."""
    folder = tmp_path_factory.mktemp("runtime")
    for name in _IN_THE_RUNTIME:
        module = __import__(name)
        origin = Path(str(module.__file__))
        source = origin.parent if origin.name == "__init__.py" else origin
        (folder / source.name).symlink_to(source)
    return folder


def wheels_here(packed: Package, folder: Path) -> Path:
    """The package with this machine's wheels in place of Lambda's: those that are installed."""
    installed = Path(sysconfig.get_paths()["platlib"])
    for name in (path.name for path in packed.folder.iterdir()):
        is_ours = name == "clickstream_platform" or not (installed / name).exists()
        (folder / name).symlink_to((packed.folder if is_ours else installed) / name)
    return folder


@pytest.mark.parametrize(
    ("packed", "function"), [(one, name) for one in (API, LAKE, GENERATOR) for name in HANDLERS[one.name]]
)
def test_each_handler_starts_from_its_package_alone(
    packed: Package, function: str, runtime: Path, tmp_path: Path
) -> None:
    if not packed.folder.exists():
        lacking("packages are not built: make build/functions/.built")
    program = _PROGRAM.format(paths=[str(wheels_here(packed, tmp_path)), str(runtime)], function=function)
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program], env=_SETTINGS, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]


def test_what_is_not_locked_is_refused() -> None:
    with pytest.raises(PackageError, match="does not lock leftpad"):
        locked(["msgspec", "leftpad"])


def test_a_package_that_lambda_would_not_take_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(package, "BUILT", tmp_path)
    monkeypatch.setattr(package, "MOST_MEGABYTES", 0.001)
    monkeypatch.setattr(package, "_install", lambda *arguments: None)
    with pytest.raises(PackageError, match="Lambda takes"):
        package.build(API)
    assert not (tmp_path / "api").exists()
