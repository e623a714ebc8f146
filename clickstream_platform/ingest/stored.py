"""What a store says of an object without reading it."""

from datetime import datetime
from typing import NamedTuple


class StoredObject(NamedTuple):
    """One object of a store.

    Attributes:
        path: Relative to the store's root.
        size: Bytes.
        modified: When it was written.
        etag: Changes whenever the content does; None where the store has none.
    """

    path: str
    size: int
    modified: datetime
    etag: str | None = None
