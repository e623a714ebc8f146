"""The names under which adapters are found."""

from collections.abc import Callable, Collection, Mapping
from typing import Any, Protocol

from clickstream_platform.ingest.adapters.mapping import load_mapping
from clickstream_platform.ingest.errors import IngestError


class Adapter(Protocol):
    """A foreign format."""

    @property
    def dataset(self) -> str | None:
        """What its records become; None: whatever the source is taken for."""

    @property
    def columns(self) -> Collection[str]:
        """Names by which a CSV header of the format is recognised."""

    def to_native(self, record: Mapping[str, Any]) -> Mapping[str, Any]:
        """The contract's fields of a foreign record (JSON values, or text cells of CSV).

        Raises:
            contract.fields.FieldError: The record cannot be mapped; it is rejected with the error's reason.
        """


Factory = Callable[[str | None], Adapter | None]
"""Makes an adapter, given the path of a mapping file; None stands for the native format."""


def _mapping(path: str | None) -> Adapter | None:
    if path is None:
        raise IngestError("--format mapping needs --mapping FILE.toml")
    return load_mapping(path)


_factories: dict[str, Factory] = {"native": lambda _: None, "mapping": _mapping}


def register(name: str, factory: Factory) -> None:
    """Make a format known under a name (`--format NAME`)."""
    _factories[name] = factory


def adapter_names() -> list[str]:
    """The names of all known formats."""
    return sorted(_factories)


def get_adapter(name: str, mapping: str | None) -> Adapter | None:
    """The adapter of a name; None for the native format. A mapping file alone implies `mapping`.

    Raises:
        IngestError: There is no such format, or the mapping file is wrong.
    """
    if name == "native" and mapping is not None:
        name = "mapping"
    if name not in _factories:
        raise IngestError(f"unknown format {name!r}; known: {', '.join(adapter_names())}")
    return _factories[name](mapping)
