"""What functions are deployed with: `python -m infra.package` fills `build/functions/`.

Wheels for Lambda's machine (arm64) by the versions of `requirements/runtime.txt`, and the platform's own modules. boto3
is in Lambda's runtime already. Nothing is built, so neither Docker nor a compiler is needed.
"""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent.parent
BUILT: Final = ROOT / "build" / "functions"
MOST_MEGABYTES: Final = 250
"""Lambda unpacks no more."""

_MANYLINUX = (*(f"manylinux_2_{minor}" for minor in range(28, 16, -1)), "manylinux2014")
"""Lambda's own machine, and older ones."""
_LEFT_OUT = ("tests", "include", "__pycache__")
_OWN = ("contract", "ingest", "lambdas", "realtime")


class PackageError(RuntimeError):
    """A package cannot be made."""


@dataclass(frozen=True)
class Package:
    """The code of some functions.

    Attributes:
        python: Version of Lambda's runtime.
        wheels: From the package index.
        own: Modules of the platform.
    """

    name: str
    python: str
    wheels: tuple[str, ...]
    own: tuple[str, ...] = _OWN

    @property
    def folder(self) -> Path:
        """Where it is made."""
        return BUILT / self.name


API: Final = Package("api", "3.12", ("msgspec", "typing-extensions"), ("contract", "lambdas", "realtime"))
"""The ingest API, whose callers wait: as little as there can be, on a runtime that has SnapStart for Python."""

LAKE: Final = Package(
    "lake",
    "3.11",
    (
        "crawler-user-agents",
        "msgspec",
        "obstore",
        "phonenumbers",
        "publicsuffixlist",
        "pyarrow",
        "pybase64",
        "typing-extensions",
        "xxhash",
        "zstandard",
    ),
)
"""Everything that reads and writes the lake. Without numpy: pyarrow would load it."""

GENERATOR: Final = Package(
    "generator",
    "3.11",
    ("msgspec", "numpy", "polars", "polars-runtime-32", "typing-extensions", "zstandard"),
    ("contract", "lambdas", "realtime", "simulate"),
)
"""The simulator."""

PACKAGES: Final = (API, LAKE, GENERATOR)


def build(package: Package) -> Path:
    """Make a package anew; its folder.

    Raises:
        PackageError: A wheel cannot be had, or the package is too large.
    """
    made = package.folder.with_name(f".{package.name}")
    shutil.rmtree(made, ignore_errors=True)
    made.mkdir(parents=True)
    _install(locked(package.wheels), package.python, made)
    for module in ("__init__.py", *package.own):
        source, target = ROOT / "clickstream_platform" / module, made / "clickstream_platform" / module
        target.parent.mkdir(exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(source, target)
    for name in _LEFT_OUT:
        for folder in list(made.rglob(name)):
            if folder.is_dir():
                shutil.rmtree(folder)
    size = sum(file.stat().st_size for file in made.rglob("*") if file.is_file()) / 1e6
    if size > MOST_MEGABYTES:
        raise PackageError(f"{package.name} has {size:.0f} MB; Lambda takes {MOST_MEGABYTES}")
    shutil.rmtree(package.folder, ignore_errors=True)
    made.rename(package.folder)
    return package.folder


def locked(wheels: Iterable[str]) -> list[str]:
    """The requirements of wheels, as they are locked.

    Raises:
        PackageError: One is not.
    """
    lines = (ROOT / "requirements" / "runtime.txt").read_text().splitlines()
    versions = {re.split("==", line)[0].lower(): line for line in lines if "==" in line}
    missing = [wheel for wheel in wheels if wheel not in versions]
    if missing:
        raise PackageError(f"requirements/runtime.txt does not lock {', '.join(missing)}")
    return [versions[wheel] for wheel in wheels]


def _install(requirements: list[str], python: str, target: Path) -> None:
    uv = Path(sys.executable).with_name("uv")
    if uv.exists():
        command = [str(uv), "pip", "install", "--python-platform", f"aarch64-{_MANYLINUX[0]}"]
    else:
        command = [sys.executable, "-m", "pip", "install", "--implementation", "cp"]
        command += [part for name in _MANYLINUX for part in ("--platform", f"{name}_aarch64")]
        command += [f"--abi={abi}" for abi in (f"cp{python.replace('.', '')}", "abi3", "none")]
    command += ["--quiet", "--no-deps", "--only-binary=:all:", "--python-version", python, "--target", str(target)]
    command += requirements
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise PackageError(f"wheels of {target.name.lstrip('.')} cannot be had: {done.stderr.strip()}")


def main() -> int:
    """Make all packages; the exit code."""
    for package in PACKAGES:
        try:
            build(package)
        except PackageError as error:
            print(f"infra: {error}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
