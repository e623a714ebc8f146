"""Who may send events: write keys of sources, and origins of pages (CORS)."""

import hmac
from collections.abc import Mapping
from typing import Final

from clickstream_platform.lambdas.http_api import Refusal, Request

ANYONE: Final = "any"
"""The source's name where no write keys are set: the gateway has decided."""

_ALLOWED_HEADERS = "content-type, content-encoding, idempotency-key, x-write-key"
_EXPOSED_HEADERS = "idempotent-replayed, retry-after"


class WriteKeys:
    """The keys of sources.

    Args:
        setting: `web:KEY,app:OTHER`; empty for none.

    Raises:
        ValueError: The setting is no such list.
    """

    def __init__(self, setting: str) -> None:
        self._sources: dict[str, bytes] = {}
        for part in filter(None, (part.strip() for part in setting.split(","))):
            name, _, key = (each.strip() for each in part.partition(":"))
            if not name or not key or name in self._sources:
                # Without the value: it is a secret, and this message goes into logs.
                raise ValueError("CLICKSTREAM_WRITE_KEYS: not a list of name:KEY with each name once")
            self._sources[name] = key.encode()

    def source_of(self, request: Request) -> str:
        """The source that sends a request.

        Raises:
            Refusal: It has no write key, or a wrong one.
        """
        if not self._sources:
            return ANYONE
        given = request.headers.get("x-write-key") or request.query.get("key") or ""
        sent, found = given.encode("utf-8", "surrogatepass"), None
        for name, key in self._sources.items():  # all of them: how long it takes must not tell which one is close
            if hmac.compare_digest(key, sent):
                found = name
        if found is None:
            what = "wrong write key" if given else "no write key"
            raise Refusal(401, f"{what}: header x-write-key, or query parameter key", {"www-authenticate": "WriteKey"})
        return found


class Cors:
    """Which pages' scripts may call, and read answers.

    Args:
        setting: Origins, comma-separated; `*` for all; empty for none.
    """

    def __init__(self, setting: str) -> None:
        self._origins = frozenset(part.strip().rstrip("/").lower() for part in setting.split(",") if part.strip())

    def headers(self, request: Request) -> Mapping[str, str]:
        """What every answer to a request carries."""
        if not self._origins:
            return {}
        origin = request.headers.get("origin", "")
        vary = {} if self._origins == {"*"} else {"vary": "origin"}
        if origin.lower() in self._origins:
            # Beacons carry the page's credentials, for which an answer has to name the origin and allow them.
            own = {"access-control-allow-origin": origin, "access-control-allow-credentials": "true"}
        elif "*" in self._origins:
            own = {"access-control-allow-origin": "*"}
        else:
            return vary
        return {**own, **vary, "access-control-expose-headers": _EXPOSED_HEADERS}

    def preflight(self, request: Request, methods: str) -> Mapping[str, str]:
        """What the answer to `OPTIONS` carries besides; nothing where the origin may not call."""
        if "access-control-allow-origin" not in self.headers(request):
            return {}
        return {
            "access-control-allow-methods": methods,
            "access-control-allow-headers": _ALLOWED_HEADERS,
            "access-control-max-age": "86400",
        }
