"""Who is erased, and whether a record is theirs.

A record is a person's when one of its id fields is one of their ids, or when it has their e-mail address and nobody
else is signed in. A record of no contract (another shop's format, a refused one) is theirs when a value of it is one of
their ids; what is no record at all, when its text has one of them as a word.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import quote, quote_plus

import msgspec

from clickstream_platform.contract.privacy import email_hash, normalized_email

ID_FIELDS = ("user_id", "anonymous_id", "customer_id")
_SIGNED_IN = ("user_id", "customer_id")
_ESCAPE = re.compile(r"\\u[0-9a-f]{4}|%[0-9A-F]{2}")


@dataclass(frozen=True)
class Person:
    """A person's ids and addresses.

    Attributes:
        ids: User, customer and anonymous ids.
        emails: Normalised addresses.
        hashes: Their keyed hashes.
        key: The key of those.
    """

    ids: frozenset[str]
    emails: frozenset[str] = frozenset()
    hashes: frozenset[str] = frozenset()
    key: bytes | None = None

    @cached_property
    def spellings(self) -> list[str]:
        """How ids and addresses may be written in JSON, CSV and URLs, but for unusual escapes."""
        return sorted({text for name in self.ids | self.emails for text in _spellings(name)})

    @cached_property
    def _bytes(self) -> list[bytes]:
        return [text.encode("utf-8", "surrogatepass") for text in self.spellings]

    @cached_property
    def _words(self) -> re.Pattern[str]:
        ids = "|".join(re.escape(text) for name in self.ids for text in _spellings(name))
        emails = "|".join(re.escape(text) for name in self.emails for text in _spellings(name))
        patterns = [rf"(?<![\w-])(?:{ids})(?![\w-])"] if ids else []
        patterns += [rf"(?i:(?<![\w.+'-])(?:{emails})(?![\w-]))"] if emails else []
        return re.compile("|".join(patterns))

    def may_be_in(self, data: bytes) -> bool:
        """Whether a closer look at bytes is worth it."""
        return b"\\" in data or self.is_spelled_in(data)

    def is_spelled_in(self, data: bytes) -> bool:
        """Whether an id or an address is in bytes as one would write it, if only as a part of something else."""
        lower = data.lower() if self.emails else data
        return any(text in data or text in lower for text in self._bytes)

    def is_mentioned_in(self, text: str) -> bool:
        """Whether a text has an id or an address as a word."""
        return self._words.search(text) is not None

    def owns_written(self, data: bytes) -> bool:
        """Whether a record as it was written, in JSON or in nothing, is theirs."""
        if not self.may_be_in(data):
            return False
        record = read_json(data)
        return self.owns(record) if record is not None else self.is_mentioned_in(data.decode("utf-8", "replace"))

    def owns(self, record: Mapping[str, Any]) -> bool:
        """Whether a record is theirs, by its fields; cells of CSV may have blanks around."""
        named = {name: str(value) for name in ID_FIELDS if (value := record.get(name)) not in (None, "")}
        if not self.ids.isdisjoint(named.values()):
            return True
        if self._is_theirs(record.get("email")) and not any(name in named for name in _SIGNED_IN):
            return True
        return not named and not self.ids.isdisjoint(map(str, _leaves(record)))

    def address_in(self, record: Mapping[str, Any]) -> str | None:
        """The e-mail address that a record tells of the person, normalised."""
        signed_in = {str(record[name]) for name in _SIGNED_IN if record.get(name) not in (None, "")}
        email = record.get("email")
        return (
            normalized_email(email) if isinstance(email, str) and signed_in <= self.ids and self.owns(record) else None
        )

    def owns_refused(self, shown: str) -> bool:
        """Whether a refused record, as far as it is kept, is theirs or speaks of them."""
        record = read_json(shown.encode("utf-8", "surrogatepass"))
        if record is None:
            return self.is_mentioned_in(shown)
        texts = [leaf for leaf in _leaves(record) if isinstance(leaf, str) and not leaf.isdigit()]
        return self.owns(record) or any(map(self.is_mentioned_in, texts))

    def _is_theirs(self, email: object) -> bool:
        if not isinstance(email, str):
            return False
        return normalized_email(email) in self.emails or email_hash(email, self.key) in self.hashes


def read_json(data: bytes) -> dict[str, Any] | None:
    """The object that is written; None where it is none."""
    try:
        record = msgspec.json.decode(data)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


def _leaves(value: object) -> Iterator[object]:
    if isinstance(value, Mapping):
        for inner in value.values():
            yield from _leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner)
    elif value is not None and not isinstance(value, bool):
        yield value


def _spellings(name: str) -> set[str]:
    written = {name, name.replace('"', '""'), json.dumps(name)[1:-1], json.dumps(name, ensure_ascii=False)[1:-1]}
    written |= {
        quote(name, safe="", errors="replace"),
        quote(name, errors="replace"),
        quote_plus(name, errors="replace"),
    }
    written |= {text.replace("/", "\\/") for text in written}
    return written | {_ESCAPE.sub(lambda match: _swapped(match[0]), text) for text in written}


def _swapped(escape: str) -> str:
    """The hexadecimal digits of an escape in the other case."""
    return escape[:2] + escape[2:].upper() if escape.startswith("\\") else escape.lower()
