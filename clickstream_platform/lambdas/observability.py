"""Structured logs and CloudWatch metrics, both as JSON lines on standard output.

Metrics are in CloudWatch's embedded metric format (EMF): a log line that CloudWatch turns into metrics, so that
counting costs no call. aws-lambda-powertools does the same and more, for a quarter of the import time that a function
has in all, which is why these lines are written here (docs/decisions).
"""

import os
import sys
import time
from collections.abc import Mapping
from typing import Any, Literal

import msgspec

NAMESPACE = "Clickstream"
Unit = Literal["Count", "Milliseconds", "Seconds", "Bytes"]
Level = Literal["DEBUG", "INFO", "WARNING", "ERROR"]

_LEVELS: dict[str, int] = {"DEBUG": 10, "INFO": 20, "WARNING": 30, "ERROR": 40}
_encode = msgspec.json.Encoder(enc_hook=str).encode


def log(level: Level, message: str, /, **fields: Any) -> None:
    """One JSON log line; fields name what it is about: `event_id`, `entity_id`, `correlation_id`, ..."""
    if _LEVELS[level] >= _LEVELS.get(os.environ.get("CLICKSTREAM_LOG_LEVEL", "INFO").upper(), 20):
        _write({"timestamp": _now_milliseconds(), "level": level, "message": message, "service": _service(), **fields})


def emit_metrics(
    metrics: Mapping[str, tuple[float, Unit]], dimensions: Mapping[str, str] | None = None, /, **properties: Any
) -> None:
    """One EMF line. Properties are searchable in the logs and are no dimensions."""
    named = {"service": _service(), **(dimensions or {})}
    directive = {
        "Namespace": NAMESPACE,
        "Dimensions": [list(named)],
        "Metrics": [{"Name": name, "Unit": unit} for name, (_, unit) in metrics.items()],
    }
    values = {name: value for name, (value, _) in metrics.items()}
    _write(
        {"_aws": {"Timestamp": _now_milliseconds(), "CloudWatchMetrics": [directive]}, **named, **properties, **values}
    )


def correlation_id(context: object) -> str:
    """What ties the lines of one invocation together: Lambda's request id."""
    return str(getattr(context, "aws_request_id", "") or "local")


def _service() -> str:
    return os.environ.get("AWS_LAMBDA_FUNCTION_NAME") or os.environ.get("CLICKSTREAM_SERVICE", "clickstream")


def _now_milliseconds() -> int:
    return int(time.time() * 1000)


def _write(line: Mapping[str, Any]) -> None:
    sys.stdout.write(_encode(line).decode() + "\n")
    sys.stdout.flush()
