"""Results as CSV, JSON, JSON lines and Parquet, streamed batch by batch. Amounts are written as decimals, exactly."""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import msgspec
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from clickstream_platform.sql.errors import SqlError
from clickstream_platform.sql.session import Result

SUFFIXES = {".csv": "csv", ".json": "json", ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet"}
"""The format that a file's name asks for."""

_json = msgspec.json.Encoder(decimal_format="number", enc_hook=str)


def write(result: Result, format_name: str, out: IO[bytes]) -> int:
    """Write a result's rows to an open file in one of `SUFFIXES`' formats; how many rows."""
    return _WRITERS[format_name](_distinct_names(result), out)


@contextmanager
def replacing(path: Path, *, force: bool) -> Iterator[IO[bytes]]:
    """A file to write that becomes `path` once it is whole; until then, and on an error, `path` is as it was.

    Raises:
        SqlError: there is such a file and `force` is off, or it cannot be written.
    """
    if path.exists() and not force:
        raise SqlError(f"{path} exists. Use --force to replace it.")
    draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with draft.open("wb") as file:
            yield file
        draft.replace(path)
    except OSError as error:
        raise SqlError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        draft.unlink(missing_ok=True)


def plain(value: object) -> object:
    """A value as text where it is a list, a struct or a map (their JSON); everything else as it is."""
    return _json.encode(value).decode() if isinstance(value, list | dict | tuple) else value


def _write_csv(result: Result, out: IO[bytes]) -> int:
    nested = [index for index, field in enumerate(result.schema) if not _is_plain(field.type)]
    schema = result.schema
    for index in nested:
        schema = schema.set(index, pa.field(schema.names[index], pa.string()))
    rows = 0
    with pa.csv.CSVWriter(out, schema) as writer:
        for batch in result.batches:
            columns = batch.columns
            for index in nested:
                values = [None if value is None else str(plain(value)) for value in columns[index].to_pylist()]
                columns[index] = pa.array(values, pa.string())
            writer.write_batch(pa.RecordBatch.from_arrays(columns, schema=schema))
            rows += batch.num_rows
    return rows


def _write_jsonl(result: Result, out: IO[bytes]) -> int:
    rows = 0
    for record in records(result):
        out.write(_json.encode(record) + b"\n")
        rows += 1
    return rows


def _write_json(result: Result, out: IO[bytes]) -> int:
    rows = 0
    for record in records(result):
        out.write((b",\n" if rows else b"[\n") + _json.encode(record))
        rows += 1
    out.write(b"\n]\n" if rows else b"[]\n")
    return rows


def _write_parquet(result: Result, out: IO[bytes]) -> int:
    rows = 0
    # Few readers know a column that has no type because it holds nothing but null.
    schema = pa.schema(
        [field.with_type(pa.string()) if pa.types.is_null(field.type) else field for field in result.schema]
    )
    with pq.ParquetWriter(pa.PythonFile(out, mode="w"), schema, compression="zstd") as writer:
        for batch in result.batches:
            writer.write_batch(batch.cast(schema))
            rows += batch.num_rows
    return rows


_WRITERS: dict[str, Callable[[Result, IO[bytes]], int]] = {
    "csv": _write_csv,
    "json": _write_json,
    "jsonl": _write_jsonl,
    "parquet": _write_parquet,
}


def records(result: Result) -> Iterator[dict[str, object]]:
    """The rows as dicts by column."""
    for batch in result.batches:
        for row in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            yield dict(zip(batch.schema.names, row, strict=True))


def _distinct_names(result: Result) -> Result:
    """The result with the second column called `x` called `x_1`: no row loses one of two columns of a name."""
    names: list[str] = []
    for name in result.schema.names:
        count = 0
        while (new := f"{name}_{count}" if count else name) in names:
            count += 1
        names.append(new)
    if names == result.schema.names:
        return result
    schema = pa.schema([field.with_name(name) for field, name in zip(result.schema, names, strict=True)])
    batches: Iterable[pa.RecordBatch] = (
        pa.RecordBatch.from_arrays(batch.columns, schema=schema) for batch in result.batches
    )
    return Result(schema, iter(batches), result.is_plan)


def _is_plain(kind: pa.DataType) -> bool:
    return not pa.types.is_nested(kind) and not pa.types.is_dictionary(kind)
