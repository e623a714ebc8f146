"""The few of Arrow's compute functions that ingest needs, without importing `pyarrow.compute`.

That module documents some three hundred functions while it is imported, which takes longer than all of Arrow's Parquet,
and a Lambda function pays for it before its first record (docs/decisions). The functions themselves live in Arrow's
registry and are called by name; `test_upstream.py` tells when the module has become cheap.
"""

from typing import Any

import pyarrow as pa
from pyarrow._compute import CastOptions, MatchSubstringOptions, call_function


def cast(array: pa.Array, kind: pa.DataType) -> pa.Array:
    """The array as another type; what does not fit raises `pyarrow.ArrowInvalid`."""
    return call_function("cast", [array], CastOptions.safe(kind))


def take(values: Any, places: pa.Array) -> Any:
    """The entries of an array, or the rows of a record batch, at these places."""
    return call_function("take", [values, places])


def first_of(first: pa.Array, second: pa.Array) -> pa.Array:
    """The first where it is not null, else the second."""
    return call_function("coalesce", [first, second])


def either(first: pa.Array, second: pa.Array) -> pa.Array:
    """True where one of them is."""
    return call_function("or", [first, second])


def equals(texts: pa.Array, text: str) -> pa.Array:
    """True where a text is this one."""
    return call_function("equal", [texts, pa.scalar(text)])


def rounded_product(numbers: pa.Array, factor: float) -> pa.Array:
    """Numbers times a factor, to whole numbers, half to even."""
    return call_function("round", [call_function("multiply", [numbers, pa.scalar(factor)])])


def extremes(numbers: pa.Array) -> tuple[Any, Any]:
    """The least and the greatest number; None where there is none."""
    found = call_function("min_max", [numbers])
    return found["min"].as_py(), found["max"].as_py()


def any_matches(texts: pa.Array, pattern: str) -> bool:
    """Whether a regular expression (RE2) is found in any of the texts."""
    return bool(call_function("any", [call_function("match_substring_regex", [texts], MatchSubstringOptions(pattern))]))


def runs(array: pa.Array) -> tuple[list[Any], list[int]]:
    """The values of runs of equal entries, and where each run ends."""
    encoded = call_function("run_end_encode", [array])
    return encoded.values.to_pylist(), encoded.run_ends.to_pylist()


def sorted_places(array: pa.Array) -> pa.Array:
    """The places of the entries in ascending order; of equal ones the earlier first."""
    return call_function("array_sort_indices", [array])
