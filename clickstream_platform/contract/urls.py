"""Addresses: hosts, paths, query parameters, and personal data taken out of them.

`urllib.parse` is not used: it is four times slower and raises on addresses that browsers send.
"""

import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote_plus

from clickstream_platform.contract.privacy import PERSONAL_PARAMETERS, redact_text

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList

_IPV4 = re.compile(r"\d{1,3}(\.\d{1,3}){3}")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*://")


class Address(NamedTuple):
    """An address without fragment, credentials and personal data.

    Attributes:
        url: The cleaned address.
        host: Lower case, without port; empty for a relative address.
        path: At least `/`.
        parameters: Decoded query parameters, names in lower case, the first of each name.
    """

    url: str
    host: str
    path: str
    parameters: dict[str, str]


@lru_cache(maxsize=65_536)
def parse_url(url: str) -> Address:
    """Take an address apart. Total: any text gives an address."""
    text = url.strip().partition("#")[0]
    scheme = _SCHEME.match(text)
    prefix = scheme[0].lower() if scheme else "//" if text.startswith("//") else ""
    rest = text[len(prefix) :]
    rest, question, query = rest.partition("?")
    if prefix:
        authority, slash, path = rest.partition("/")
        authority = authority.rpartition("@")[2].lower()
    else:
        authority, slash, path = "", "", rest.removeprefix("/")
        slash = "/"
    path = redact_text(path)
    cleaned, parameters = _clean_query(query) if question else ("", {})
    return Address(
        f"{prefix}{authority}{slash}{path}{'?' if cleaned else ''}{cleaned}",
        _host(authority),
        f"/{path}",
        parameters,
    )


def _host(authority: str) -> str:
    if authority.startswith("["):
        return authority[: authority.find("]") + 1]
    return authority.partition(":")[0].rstrip(".")


def _clean_query(query: str) -> tuple[str, dict[str, str]]:
    """The query with personal values replaced, and its parameters."""
    parts: list[str] = []
    parameters: dict[str, str] = {}
    for part in query.split("&"):
        name, equals, value = part.partition("=")
        plain_name = (unquote_plus(name) if "%" in name or "+" in name else name).lower()
        plain = unquote_plus(value) if "%" in value or "+" in value else value
        if plain_name in PERSONAL_PARAMETERS:
            parts.append(f"{name}{equals}[redacted]")
        elif (redacted := redact_text(plain)) != plain:
            parts.append(f"{name}{equals}{redacted}")
            parameters.setdefault(plain_name, redacted)
        elif part:
            parts.append(part)
            parameters.setdefault(plain_name, plain)
    return "&".join(parts), parameters


@lru_cache(maxsize=65_536)
def registrable_domain(host: str) -> str:
    """The domain somebody registered (`shop.example.co.uk` → `example.co.uk`); the host itself when there is none.

    From the Public Suffix List as packaged; no network.
    """
    if "." not in host or _IPV4.fullmatch(host):
        return host
    return _public_suffixes().privatesuffix(host) or host


def without_www(host: str) -> str:
    """The host as people name it: `www.example.com` → `example.com`."""
    return host.removeprefix("www.")


@cache
def _public_suffixes() -> "PublicSuffixList":
    from publicsuffixlist import PublicSuffixList  # reads the list: only where a foreign referrer needs it

    return PublicSuffixList()
