"""Synthesised templates, to be asked what they have."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent.parent
PYTHON = Path(os.environ.get("CLICKSTREAM_INFRA_PYTHON", ROOT / ".venv-infra" / "bin" / "python"))
REQUIRE_ALL = os.environ.get("CLICKSTREAM_TESTS_REQUIRE_ALL") == "1"
"""Read now: while a test runs, the settings of whoever runs it are taken away."""

Resource = dict[str, Any]


def app(*arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run the CDK app."""
    if not PYTHON.exists():
        lacking("the CDK app needs its own environment: make .venv-infra/.installed")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "CDK_", "CLICKSTREAM_"))}
    return subprocess.run(
        [str(PYTHON), "-m", "infra.app", *arguments], cwd=cwd, env=clean, capture_output=True, text=True, check=False
    )


def lacking(what: str) -> None:
    """Skip the test for want of something; in CI, fail it."""
    if REQUIRE_ALL:
        pytest.fail(what)
    pytest.skip(what)


class Templates:
    """All stacks of an environment, by the ends of their names."""

    def __init__(self, folder: Path, prefix: str) -> None:
        self.folder, self.prefix = folder, prefix
        self.stacks: dict[str, dict[str, Any]] = {
            path.name.removeprefix(prefix).removesuffix(".template.json"): json.loads(path.read_text())
            for path in sorted(folder.glob("*.template.json"))
        }

    def of_type(self, kind: str, stack: str | None = None) -> dict[str, Resource]:
        """Resources of a type by `<stack>/<logical id>`."""
        return {name: one for name, one in self.resources(stack) if one["Type"] == kind}

    def named(self, kind: str, attribute: str, name: str) -> dict[str, Any]:
        """The properties of the one resource of a type whose name is this, tokens written as `${AWS::AccountId}`."""
        (found,) = [
            one["Properties"]
            for one in self.of_type(kind).values()
            if written(one["Properties"].get(attribute)) == self.prefix + name
        ]
        return found

    def resources(self, stack: str | None = None) -> Iterator[tuple[str, Resource]]:
        """All resources by `<stack>/<logical id>`."""
        for name, template in self.stacks.items():
            if stack in (None, name):
                for logical, resource in template.get("Resources", {}).items():
                    yield f"{name}/{logical}", resource


def written(value: Any) -> str:
    """A value with its references as text."""
    match value:
        case {"Ref": name}:
            return f"${{{name}}}"
        case {"Fn::GetAtt": [name, attribute]}:
            return f"${{{name}.{attribute}}}"
        case {"Fn::Join": [between, parts]}:
            return str(between).join(map(written, parts))
        case {"Fn::Sub": text}:
            return str(text)
    return str(value)
