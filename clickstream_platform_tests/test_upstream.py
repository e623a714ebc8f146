"""Behaviour of libraries that is worked around: a test that fails here says that the workaround can go."""

import subprocess
import sys

import pytest

LOOK = """
import pyarrow as pa
from datetime import datetime, timedelta, timezone
time = datetime(2024, 3, 1, 23, 30, tzinfo=timezone(timedelta(hours=-2)))
print(pa.array([time], pa.timestamp("us", tz="UTC"))[0].as_py().hour)
"""


def hour_after(imports: str) -> str:
    """The UTC hour that pyarrow makes of 23:30-02:00 in a fresh process."""
    done = subprocess.run([sys.executable, "-c", imports + LOOK], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_pandera_still_makes_pyarrow_drop_offsets() -> None:
    """If not: the variable in `clickstream_platform/__init__.py` can go."""
    assert hour_after("import os; os.environ.pop('PYARROW_IGNORE_TIMEZONE', None)\nimport pandera.polars\n") == "23"


@pytest.mark.parametrize(
    "imports",
    [
        "import clickstream_platform\nimport pandera.polars\n",
        "import pandera.polars\nimport clickstream_platform\n",
        "import clickstream_platform.definitions\n",
    ],
    ids=["before", "after", "definitions"],
)
def test_offsets_are_kept_wherever_the_platform_is_imported(imports: str) -> None:
    assert hour_after(imports) == "1"


def test_pyarrow_compute_still_writes_all_its_functions_at_import() -> None:
    """If not: `ingest/arrow_compute.py` can be `pyarrow.compute`."""
    look = "import pyarrow.compute as pc\nprint(len([n for n in vars(pc) if callable(getattr(pc, n))]) > 250)"
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True"


def test_pyarrow_still_imports_numpy_where_it_is_installed() -> None:
    """If not: numpy need not be left out of the functions' package."""
    look = "import sys, pyarrow\nprint('numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True"


def test_moto_still_sorts_a_whole_table_for_a_query_of_one_partition() -> None:
    """If not: `_of_one_partition` in `local_aws/dynamodb_repairs.py` can go."""
    look = (
        "import inspect\nfrom moto.dynamodb.models.table import Table\n"
        "print('all_items' in inspect.getsource(Table.query))"
    )
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True"
