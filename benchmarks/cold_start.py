"""How long a function takes to be ready: `python -m benchmarks.cold_start`.

Each row is a fresh Python without site-packages that sees only what the function's package holds (numpy, which pyarrow
imports where it finds it, is not in there): the time from the start of the process until the code is through, less that
of a Python that does nothing. Medians.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

import clickstream_platform

_ROUNDS = 11
_PACKAGED = ("crawleruseragents", "msgspec", "obstore", "publicsuffixlist", "pyarrow", "pybase64", "xxhash")
_BESIDE = (
    "aws_lambda_powertools",
    "boto3",
    "botocore",
    "dateutil",
    "jmespath",
    "six",
    "s3transfer",
    "typing_extensions",
    "urllib3",
)
_DONE = "\nimport time; print(time.clock_gettime(time.CLOCK_MONOTONIC))"
_PROCESSOR = "import clickstream_platform.lambdas.stream_processor.handler as h\np = h.processor()\n"
_BATCH = """
from clickstream_platform.realtime.kinesis import read_batches
import json, os
p.to_bronze(*read_batches(json.loads(os.environ["FIRST_BATCH"])))
"""
_INGEST_API = "import clickstream_platform.lambdas.ingest_api.handler as h\na = h.ingest_api()\n"
_REQUEST = """
from datetime import UTC, datetime
from clickstream_platform.lambdas.http_api import read_head
from clickstream_platform.lambdas.ingest_api.body import read_batch
from clickstream_platform.lambdas.ingest_api.records import Judge
import base64, json, os
data = [base64.b64decode(one["kinesis"]["data"]) for one in json.loads(os.environ["FIRST_BATCH"])["Records"]]
batch = read_batch(b"[" + b",".join(data) + b"]", "application/json")
head = read_head({"requestContext": {"http": {}}, "headers": {"user-agent": "Mozilla/5.0"}})
assert len(Judge(h.settings()).judge(batch.records, head, datetime.now(UTC)).taken) == 100
"""
CASES = {
    "Python": "",
    "msgspec": "import msgspec",
    "obstore": "import obstore.store",
    "pyarrow.parquet": "import pyarrow.parquet",
    "stream_processor ready: imports and clients": _PROCESSOR,
    "stream_processor, 100 records in bronze (a folder)": _PROCESSOR + _BATCH,
    "ingest_api ready: imports and clients": _INGEST_API,
    "ingest_api, 100 events judged": _INGEST_API + _REQUEST,
    "boto3 with a DynamoDB client, for comparison": "import boto3; boto3.client('dynamodb')",
    "powertools Logger and Metrics, for comparison": (
        "import aws_lambda_powertools as p; p.Logger(service='s'); p.Metrics(namespace='n', service='s')"
    ),
}


def main() -> None:
    """Print a Markdown table."""
    with tempfile.TemporaryDirectory() as folder:
        package, beside = Path(folder, "package"), Path(folder, "beside")
        for target, names in ((package, _PACKAGED), (beside, _BESIDE)):
            target.mkdir()
            for name in names:
                origin = Path(getattr(find_spec(name), "origin", ""))
                source = origin.parent if origin.name == "__init__.py" else origin
                (target / source.name).symlink_to(source)
        (package / "clickstream_platform").symlink_to(Path(clickstream_platform.__file__).parent)
        environment = {
            "AWS_ACCESS_KEY_ID": "none",
            "AWS_SECRET_ACCESS_KEY": "none",
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "CLICKSTREAM_LOG_LEVEL": "ERROR",
            "FIRST_BATCH": json.dumps(_first_batch()),
        }
        times: dict[str, list[float]] = {name: [] for name in CASES}
        for _ in range(_ROUNDS + 1):
            for name, code in CASES.items():
                uri = f"{folder}/lake" if "bronze" in name else "s3://bucket"
                path = beside if "comparison" in name else package
                times[name].append(_seconds(path, code, {**environment, "CLICKSTREAM_LAKE_URI": uri}))
    bare = statistics.median(times["Python"][1:])
    print("| | milliseconds beyond Python |\n| --- | ---: |")
    for name, seconds in times.items():
        print(f"| {name} | {(statistics.median(seconds[1:]) - (bare if name != 'Python' else 0)) * 1000:.0f} |")


def _first_batch() -> dict[str, object]:
    from benchmarks.stream_handler import invocation

    event = {
        "event_name": "view_item",
        "event_time": "2024-03-01T10:00:00Z",
        "anonymous_id": "a",
        "url": "https://shop.example/p/1?utm_source=google&utm_medium=cpc",
        "user_agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/130.0 Safari/537.36",
    }
    return invocation([json.dumps({**event, "event_id": f"e{number}"}).encode() for number in range(100)], 0)


def _seconds(package: Path, code: str, environment: dict[str, str]) -> float:
    program = f"import sys; sys.path.insert(0, {str(package)!r})\n{code}{_DONE}"
    begun = time.clock_gettime(time.CLOCK_MONOTONIC)
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program],
        env={**environment, "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(f"{code}\n{done.stderr}")
    return float(done.stdout.split()[-1]) - begun


if __name__ == "__main__":
    main()
