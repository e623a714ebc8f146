"""Small shops, simulated, ingested and asked with plain SQL: made once, read by many tests."""

import gzip
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
import zstandard

from clickstream_platform.ingest import IngestOptions, ingest_sources
from clickstream_platform.simulate import blocks, simulate
from clickstream_platform_tests import oracle


@dataclass
class Shop:
    """A simulated shop in a lake.

    Attributes:
        out: What was simulated: `landing/` and `truth/`.
        con: Bronze and every table of the oracle, by name; refused records as `rejected`.
        counts: The content of `truth/counts.json`.
    """

    out: Path
    con: duckdb.DuckDBPyConnection
    counts: dict[str, Any]

    def truth(self, table: str) -> pl.DataFrame:
        """A table's truth, ordered by its key."""
        return pl.read_parquet(self.out / "truth" / f"{table}.parquet").sort(oracle.KEYS[table])

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        """The rows of a query over the lake."""
        return self.con.sql(query).fetchall()


MakeShop = Callable[..., Shop]


@pytest.fixture(scope="session")
def make_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MakeShop]:
    """A function (seed, dirty rate, visits a block, days, shoppers) to such a shop."""
    made: dict[tuple[object, ...], Shop] = {}

    def make(
        seed: int = 1, dirty_rate: float = 0.05, *, block: int | None = None, days: int = 6, shoppers: int = 300
    ) -> Shop:
        key = (seed, dirty_rate, block, days, shoppers)
        if key not in made:
            made[key] = _shop(tmp_path_factory.mktemp("shop"), seed, dirty_rate, block, days, shoppers)
        return made[key]

    yield make
    for shop in made.values():
        shop.con.close()


def _shop(folder: Path, seed: int, dirty_rate: float, block: int | None, days: int, shoppers: int) -> Shop:
    with pytest.MonkeyPatch.context() as patch:
        if block:
            patch.setattr(blocks, "VISITS_PER_BLOCK", block)
        simulate(folder / "out", days, shoppers, seed, dirty_rate)
    lake = folder / "lake"
    ingest_sources([folder / "out" / "landing"], IngestOptions(lake_uri=str(lake), notify=False), processes=1)
    con = duckdb.connect()
    oracle.views(con, lake / "bronze", materialize=True)
    files = sorted(str(path) for path in (lake / "rejected").rglob("*.parquet"))
    con.register("rejected", pl.read_parquet(files) if files else pl.DataFrame(schema=_NOTHING_REJECTED))
    return Shop(folder / "out", con, json.loads((folder / "out" / "truth" / "counts.json").read_text()))


_NOTHING_REJECTED = {"dataset": pl.String, "source": pl.String, "reason": pl.String, "line": pl.Int64}


@pytest.fixture(scope="session")
def busy_shop(make_shop: MakeShop) -> Shop:
    """A shop that is large enough for rare things to happen in it, with a good deal of dirt."""
    return make_shop(seed=2, shoppers=1_500)


def content(path: Path) -> bytes:
    """A landing file's bytes, decompressed."""
    if path.suffix == ".gz":
        return gzip.decompress(path.read_bytes())
    if path.suffix == ".zst":
        return zstandard.ZstdDecompressor().stream_reader(io.BytesIO(path.read_bytes())).read()
    return path.read_bytes()


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, hidden ones too, by its path."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
