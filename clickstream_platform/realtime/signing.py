"""AWS Signature Version 4 of JSON calls, and the credentials that make it.

The algorithm is AWS' own ("Create a signed AWS API request", IAM user guide); a test holds it against botocore's.
"""

import hashlib
import hmac
import os
import time
from collections.abc import Callable
from typing import NamedTuple


class Credentials(NamedTuple):
    """Who calls."""

    access_key: str
    secret_key: str
    token: str | None = None


def find_credentials() -> Callable[[], Credentials]:
    """What gives the credentials of the moment.

    Lambda puts them into the environment. Where it does not (SnapStart, which has them served by an address, or a
    developer's machine), botocore finds them and keeps them fresh.
    """
    if "AWS_ACCESS_KEY_ID" in os.environ:
        fixed = Credentials(
            os.environ["AWS_ACCESS_KEY_ID"],
            os.environ.get("AWS_SECRET_ACCESS_KEY", ""),
            os.environ.get("AWS_SESSION_TOKEN") or None,
        )
        return lambda: fixed
    from botocore.session import Session

    found = Session().get_credentials()
    if found is None:
        raise RuntimeError("no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give a role")

    def current() -> Credentials:
        frozen = found.get_frozen_credentials()
        return Credentials(frozen.access_key, frozen.secret_key, frozen.token)

    return current


class Signer:
    """Makes the headers of signed `POST /` calls of one service and region, in a version of AWS' JSON protocol."""

    def __init__(
        self, service: str, region: str, host: str, credentials: Callable[[], Credentials], version: str = "1.0"
    ) -> None:
        self._service, self._region, self._host, self._credentials = service, region, host, credentials
        self._content_type = f"application/x-amz-json-{version}"
        self._keys: dict[tuple[str, str], bytes] = {}

    def headers(self, target: str, body: bytes, now: float | None = None) -> dict[str, str]:
        """All headers of a call; `target` names the operation, `now` is in epoch seconds."""
        credentials = self._credentials()
        moment = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
        headers = {
            "content-type": self._content_type,
            "host": self._host,
            "x-amz-date": moment,
            **({"x-amz-security-token": credentials.token} if credentials.token else {}),
            "x-amz-target": target,
        }
        names = ";".join(headers)
        lines = "".join(f"{name}:{value}\n" for name, value in headers.items())
        canonical = f"POST\n/\n\n{lines}\n{names}\n{hashlib.sha256(body).hexdigest()}"
        scope = f"{moment[:8]}/{self._region}/{self._service}/aws4_request"
        hashed = hashlib.sha256(canonical.encode()).hexdigest()
        text = f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{hashed}"
        signature = hmac.new(self._key(credentials, moment[:8]), text.encode(), "sha256").hexdigest()
        headers["authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={credentials.access_key}/{scope}, "
            f"SignedHeaders={names}, Signature={signature}"
        )
        return headers

    def _key(self, credentials: Credentials, day: str) -> bytes:
        known = self._keys.get((credentials.access_key, day))
        if known is None:
            known = b"AWS4" + credentials.secret_key.encode()
            for part in (day, self._region, self._service, "aws4_request"):
                known = hmac.new(known, part.encode(), "sha256").digest()
            self._keys = {(credentials.access_key, day): known}
        return known
