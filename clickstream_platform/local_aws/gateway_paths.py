"""Which route a path belongs to: templates with parameters (`/upload/{dataset}`), as API Gateway finds them."""

import re
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import unquote


class Found(NamedTuple):
    """The route of a path: its template, the function behind it, and what stands in place of the parameters."""

    template: str
    function: str
    parameters: dict[str, str]


class Paths:
    """Routes by path.

    Args:
        functions: Function by template. Where several match a path, the one with the fewest parameters is taken.
    """

    def __init__(self, functions: Mapping[str, str]) -> None:
        templates = sorted(functions, key=lambda template: template.count("{"))
        self._routes = [(_pattern(template), template, functions[template]) for template in templates]

    def find(self, path: str) -> Found | None:
        """The route of a path as it came, still with its escapes."""
        for pattern, template, function in self._routes:
            if match := pattern.fullmatch(path):
                return Found(template, function, {name: unquote(value) for name, value in match.groupdict().items()})
        return None


def _pattern(template: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)\}", template)
    return re.compile(
        "".join(f"(?P<{part}>[^/]+)" if place % 2 else re.escape(part) for place, part in enumerate(parts))
    )
