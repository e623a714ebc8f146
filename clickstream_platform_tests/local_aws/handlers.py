"""Functions for the tests of the machinery around them; they leave what they were given in a file."""

import base64
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

calls = 0


def echo(event: Any, context: Any) -> Any:
    global calls
    calls += 1
    print("a line of the function's log")
    return {
        "event": event,
        "calls": calls,
        "pid": os.getpid(),
        "name": context.function_name,
        "request": context.aws_request_id,
        "remaining": context.get_remaining_time_in_millis(),
        "environment": {name: value for name, value in os.environ.items() if name.startswith(("AWS_", "TEST_"))},
    }


def misbehave(event: Any, context: Any) -> Any:
    if event["do"] == "raise":
        raise RuntimeError("no such luck")
    if event["do"] == "exit":
        sys.exit(3)
    if event["do"] == "sleep":
        time.sleep(60)
    if event["do"] == "unserialisable":
        return object()
    return "fine"


def keep(event: Any, context: Any) -> dict[str, Any]:
    """Appends the records' data to the file in TEST_FILE, and waits as long as a record says."""
    data = [base64.b64decode(record["kinesis"]["data"]).decode() for record in event["Records"]]
    if "hang" in data and not Path(os.environ["TEST_FILE"] + ".hung").exists():
        Path(os.environ["TEST_FILE"] + ".hung").touch()
        time.sleep(60)
    with Path(os.environ["TEST_FILE"]).open("a") as file:
        file.write(json.dumps(data) + "\n")
    return {"batchItemFailures": []}
