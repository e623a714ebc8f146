"""What a user should know about a CSV header before wondering where values went."""

from collections import Counter

from clickstream_platform.contract.fields import specification


def header_notes(header: list[str], dataset: str) -> list[str]:
    """Sentences about columns that are missing, twice there, or ignored in a file of the native format."""
    spec = specification(dataset)
    notes = []
    if missing := [name for name in spec.required if name not in header]:
        notes.append(
            f"the header has no column {', '.join(missing)}, which every record of {dataset} needs; "
            "rename its columns, or describe them in a mapping (--mapping)"
        )
    if twice := [name for name, count in Counter(header).items() if count > 1]:
        notes.append(f"the header names {', '.join(map(repr, twice))} more than once; the last one is used")
    if not spec.keeps_unknown and (unknown := [name for name in header if name not in spec.types]):
        notes.append(f"columns that {dataset} do not have are ignored: {', '.join(map(repr, unknown))}")
    return notes
