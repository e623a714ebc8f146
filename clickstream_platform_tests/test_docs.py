"""What the documentation says is so."""

import importlib.util
import re
from pathlib import Path

import pytest

from clickstream_platform.cli import COMMANDS

ROOT = Path(__file__).parents[1]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def _generated() -> dict[Path, str]:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs/generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    documents: dict[Path, str] = module.documents()
    return documents


def test_generated_documents_are_current() -> None:
    for path, text in _generated().items():
        assert path.read_text(encoding="utf-8") == text, f"{path.name} is out of date: run `make docs`"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(document: Path) -> None:
    shown = re.sub(r"<!--.*?-->", "", document.read_text(encoding="utf-8"), flags=re.DOTALL)
    targets = re.findall(r"\]\((?!https?://|#)([^)#]+)", shown)
    assert [target for target in targets if not (document.parent / target).exists()] == []


def test_commands_that_documents_name_are_there() -> None:
    named = {
        word
        for document in DOCUMENTS
        for word in re.findall(r"(?:^|`|\$ )(?:\.venv/bin/)?clickstream ([a-z-]+)", document.read_text(), re.MULTILINE)
    }
    assert named <= set(COMMANDS)


def test_make_targets_that_documents_name_are_there() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {word for document in DOCUMENTS for word in re.findall(r"`make ([a-z-]+)`", document.read_text())}
    assert named <= targets
