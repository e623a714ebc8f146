"""What `stream_processor` must not import: a cold start is what a shop's events wait for."""

import json
import os
import subprocess
import sys

HEAVY = ("boto3", "botocore", "dagster", "multiprocessing", "numpy", "pandera", "polars", "pyarrow.compute", "pydantic")

PROGRAM = f"""
import json, sys
sys.modules["numpy"] = None  # the function's package has none
import clickstream_platform.lambdas.stream_processor.handler as handler
handler.processor()
print(json.dumps([name for name in {HEAVY!r} if sys.modules.get(name)]))
"""


def test_the_stream_processor_is_ready_without_any_heavy_library() -> None:
    environment = {
        **os.environ,
        "AWS_ACCESS_KEY_ID": "none",
        "AWS_SECRET_ACCESS_KEY": "none",
        "CLICKSTREAM_LAKE_URI": "s3://bucket",
    }
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []
