"""The shop that all files here ask; nobody changes it."""

import polars as pl
import pytest

from clickstream_platform_tests.lib.customer_value.shop import drawn_lines, fitted, valued


@pytest.fixture(scope="package")
def lines() -> pl.DataFrame:
    return drawn_lines()


@pytest.fixture(scope="package")
def models(lines: pl.DataFrame) -> pl.DataFrame:
    return fitted(lines)


@pytest.fixture(scope="package")
def customers(lines: pl.DataFrame, models: pl.DataFrame) -> pl.DataFrame:
    return valued(lines, models)
