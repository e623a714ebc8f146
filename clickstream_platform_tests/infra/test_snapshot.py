"""The templates as they were last looked at: what a change does to them is seen in its diff.

`UPDATE_SNAPSHOTS=1 pytest clickstream_platform_tests/infra/test_snapshot.py` writes them anew.
"""

import json
import os
import re
from pathlib import Path
from typing import Any

from clickstream_platform_tests.infra.templates import Templates

FOLDER = Path(__file__).parent / "snapshots"
_ASSET = re.compile(r"[0-9a-f]{64}")
_DERIVED = {"catalog": "infra/catalog.json says the same"}


def snapshot(templates: Templates) -> dict[str, Any]:
    """Resources of each stack; assets without the hash of their content."""
    kept = {
        name: {logical: _without_remarks(one) for logical, one in template["Resources"].items()}
        for name, template in templates.stacks.items()
        if name not in _DERIVED
    }
    stacks: dict[str, Any] = json.loads(_ASSET.sub("<asset>", json.dumps(kept, sort_keys=True)))
    return stacks


def _without_remarks(resource: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in resource.items() if name != "Metadata"}


def compare(templates: Templates, environment: str) -> None:
    path, found = FOLDER / f"{environment}.json", snapshot(templates)
    if os.environ.get("UPDATE_SNAPSHOTS"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")
    wanted = json.loads(path.read_text())
    assert set(found) == set(wanted)
    for stack in found:
        assert set(found[stack]) == set(wanted[stack]), f"resources of {stack}"
        for logical, resource in found[stack].items():
            assert resource == wanted[stack][logical], f"{stack}/{logical}"


def test_the_templates_of_production_are_as_they_were(prod: Templates) -> None:
    compare(prod, "prod")
