"""What functions must not import: a cold start is what a shop's events wait for."""

import json
import os
import subprocess
import sys

import pytest

HEAVY = ("boto3", "botocore", "dagster", "multiprocessing", "numpy", "pandera", "polars", "pyarrow.compute", "pydantic")

_PROGRAM = """
import json, sys
sys.modules["numpy"] = None  # the function's package has none
import clickstream_platform.lambdas.{name}.handler as handler
handler.{ready}()
print(json.dumps([name for name in {heavy!r} if sys.modules.get(name)]))
"""


@pytest.mark.parametrize(
    ("name", "ready", "heavy"),
    [
        ("stream_processor", "processor", HEAVY),
        # Nothing of what writes Parquet and S3 either, and the OpenAPI document only for who asks for it.
        (
            "ingest_api",
            "ingest_api",
            (
                *HEAVY,
                "concurrent.futures",
                "dataclasses",
                "obstore",
                "pyarrow",
                "clickstream_platform.lambdas.http_route",
            ),
        ),
    ],
)
def test_a_function_is_ready_without_any_heavy_library(name: str, ready: str, heavy: tuple[str, ...]) -> None:
    environment = {
        **os.environ,
        "AWS_ACCESS_KEY_ID": "none",
        "AWS_SECRET_ACCESS_KEY": "none",
        "CLICKSTREAM_LAKE_URI": "s3://bucket",
    }
    program = _PROGRAM.format(name=name, ready=ready, heavy=heavy)
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []
