"""The stream processor as Lambda calls it, in this process: its environment, its handler, and what it leaves behind."""

import json
from collections.abc import Iterable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from clickstream_platform.lambdas.environment import settings
from clickstream_platform.lambdas.stream_processor.handler import handler, processor
from clickstream_platform.realtime.tables import LIVE_TABLES
from clickstream_platform_tests.aws import Aws
from clickstream_platform_tests.lambdas.stream import BUCKET, created, rows_of

REQUEST = "request-1"
PATIENT, IMPATIENT = "60", "0.2"
"""Seconds that a call is tried again: long enough for a busy machine, and short for what is to be given up."""
_COUNTED_TABLES = ("sessions", "metrics", "attributed-checkouts")


class Deployed:
    """A new instance of the function, over every resource that it needs."""

    def __init__(self, aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
        self.aws, self._patch = created(aws), monkeypatch
        self.configure(lake_uri=f"s3://{BUCKET}", storage_timeout_seconds=PATIENT)

    def empty(self) -> None:
        """Begin again with all resources made anew."""
        self.aws.server.reset()
        created(self.aws)

    def configure(self, **choices: str) -> None:
        """Start it anew with other settings."""
        for name, value in choices.items():
            self._patch.setenv(f"CLICKSTREAM_{name.upper()}", value)
        self.restart()

    def through(self, endpoint: str, service: str) -> None:
        """Start it anew with another way to a service."""
        self._patch.setenv(f"AWS_ENDPOINT_URL_{service}", endpoint)
        self.restart()

    def restart(self) -> None:
        """As Lambda does after a kill: nothing is remembered."""
        settings.cache_clear()
        processor.cache_clear()

    def invoke(self, records: Sequence[Mapping[str, Any]]) -> list[str]:
        """Hand over records; the sequence numbers that it gives back."""
        answer = handler({"Records": list(records)}, SimpleNamespace(aws_request_id=REQUEST))
        return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]

    def deliver(self, records: Sequence[Mapping[str, Any]], *, most: int = 3) -> list[int]:
        """Hand over records until all are done; at which record each failed attempt said to go on."""
        given_back: list[int] = []
        place = 0
        while failed := self.invoke(records[place:]):
            assert len(given_back) < most, "it never gets done"
            given_back.append(place + sequences(records[place:]).index(failed[0]))
            place = given_back[-1]
        return given_back

    def objects(self, prefix: str) -> list[str]:
        """Keys below a prefix."""
        found = self.aws.client("s3").list_objects_v2(Bucket=BUCKET, Prefix=prefix)
        return [one["Key"] for one in found.get("Contents", [])]

    def bronze(self) -> list[dict[str, Any]]:
        """All rows of bronze events."""
        return self._rows("bronze/events/")

    def rejected(self) -> list[dict[str, Any]]:
        """All refused records."""
        return self._rows("rejected/events/")

    def live(self) -> dict[str, list[dict[str, Any]]]:
        """All items of all live tables."""
        return {table.name: _sorted(rows_of(self.aws, table.name)) for table in LIVE_TABLES}

    def counted(self) -> dict[str, list[dict[str, Any]]]:
        """What live tables say, without what differs with the batches: how often an item was written."""
        return {name: _sorted(_without(("version",), rows_of(self.aws, name))) for name in _COUNTED_TABLES} | {
            "event-index": _sorted(_without(("object", "row"), rows_of(self.aws, "event-index")))
        }

    def _rows(self, prefix: str) -> list[dict[str, Any]]:
        s3, rows = self.aws.client("s3"), []
        for key in self.objects(prefix):
            body = s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
            rows += pq.read_table(pa.BufferReader(body)).to_pylist()
        return rows


def sequences(records: Iterable[Mapping[str, Any]]) -> list[str]:
    """Sequence numbers of records."""
    return [record["kinesis"]["sequenceNumber"] for record in records]


def said(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """The log lines since the last call, each of them JSON."""
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def metrics_of(lines: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The lines that CloudWatch makes metrics of."""
    return [dict(line) for line in lines if "_aws" in line]


def logs_of(lines: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The other lines."""
    return [dict(line) for line in lines if "_aws" not in line]


def _without(names: Sequence[str], rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: value for name, value in row.items() if name not in names} for row in rows]


def _sorted(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: json.dumps(row, sort_keys=True))
