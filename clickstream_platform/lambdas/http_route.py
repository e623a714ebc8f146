"""What there is to say of a route of the HTTP interface; `http_routes.py` says it of each."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from msgspec import Struct

from clickstream_platform.lambdas.ingest_api.answers import ErrorAnswer


class Text(Struct):
    """A body of text that JSON Schema says nothing more about."""


class Parameter(NamedTuple):
    """Something that a request says beside its body; `type` is what msgspec makes a schema of."""

    name: str
    place: str
    description: str
    type: Any = str
    is_required: bool = False


class Response(NamedTuple):
    """An answer: what its status means here, and the type of its body; several of which it is one; None for no body."""

    description: str
    type: Any = ErrorAnswer
    headers: Mapping[str, str] = {}


class Route(NamedTuple):
    """A method of a path.

    Attributes:
        function: Name of the function that answers, without the platform's prefix.
        summary: In a line.
        responses: By status.
        description: What else there is to know.
        parameters: Those of path, query and headers.
        bodies: Type of the body by content type; several of which it is one.
        needs_key: Whether a write key is asked for, where any are set.
    """

    method: str
    path: str
    function: str
    summary: str
    responses: Mapping[int, Response]
    description: str = ""
    parameters: tuple[Parameter, ...] = ()
    bodies: Mapping[str, Any] = {}
    needs_key: bool = False
