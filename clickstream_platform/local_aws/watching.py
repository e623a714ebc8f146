"""What a running platform is doing, as numbers for whoever looks at it."""

import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from clickstream_platform.lambdas.environment import read_settings
from clickstream_platform.lambdas.http_routes import INGEST_API
from clickstream_platform.local_aws.log_metrics import LogMetrics
from clickstream_platform.local_aws.plan import DATA_GENERATOR, STREAM_PROCESSOR
from clickstream_platform.local_aws.platform import LocalPlatform
from clickstream_platform.realtime.dynamodb import Dynamo
from clickstream_platform.realtime.entities import Rules
from clickstream_platform.realtime.metrics import WINDOW_MINUTES, read_counter
from clickstream_platform.realtime.sessions import Sessions
from clickstream_platform.realtime.tables import METRICS

SHOWN_EVENTS = ("page_view", "view_item", "add_to_cart", "begin_checkout", "purchase")
RATE_SECONDS = 10.0
"""Rates are those of the last seconds."""

TABLES_EVERY = 5.0
"""Seconds between queries of the live tables; they compete with the functions for the emulation."""


@dataclass(frozen=True)
class Snapshot:
    """The platform at one moment.

    Attributes:
        sent: Events put on the stream.
        processed: Events that the function is done with.
        sent_rate: The same a second, lately.
        lag_records: Read from the stream and not done.
        lag_milliseconds: Age of the oldest record that is not done.
        discarded: Given up to the on-failure destination.
        arrivals: Messages that the Dagster sensor has not acknowledged.
        dead_letters: Messages in dead-letter queues.
        live_sessions: Entities seen within the session timeout.
        window: Beginning of the five minutes that `metrics` is about.
        metrics: Events and revenue in cents by event name.
    """

    sent: int = 0
    processed: int = 0
    sent_rate: float = 0.0
    processed_rate: float = 0.0
    lag_records: int = 0
    lag_milliseconds: int = 0
    batches_succeeded: int = 0
    batches_failed: int = 0
    rejected: int = 0
    discarded: int = 0
    files: int = 0
    arrivals: int = 0
    dead_letters: int = 0
    live_sessions: int = 0
    window: str = ""
    metrics: Mapping[str, tuple[int, int]] = field(default_factory=dict)


class Watch:
    """Takes snapshots. This process' environment has to lead to the emulation, as the live tables are read there."""

    def __init__(self, running: LocalPlatform) -> None:
        self._running = running
        self._sqs = running.server.client("sqs")
        settings = read_settings(running.environment)
        timeout = timedelta(minutes=settings.session_timeout_minutes)
        self._dynamo = Dynamo(settings.table_prefix, patience=5.0)
        self._sessions = Sessions(self._dynamo, Rules(timeout, timeout, 0, timeout))
        self._processor = LogMetrics(running.log_of(STREAM_PROCESSOR))
        self._generator = LogMetrics(running.log_of(DATA_GENERATOR))
        self._api = LogMetrics(running.log_of(INGEST_API))
        self._history: deque[tuple[float, int, int]] = deque()
        self._tables: tuple[int, str, Mapping[str, tuple[int, int]]] = (0, "", {})
        self._tables_read = -TABLES_EVERY

    def take(self) -> Snapshot:
        """The platform now.

        Raises:
            DynamoError, BotoCoreError, ClientError: The emulation does not answer.
        """
        running, counts = self._running, self._running.poller.counts
        sent = self._generator.refresh()["put_records"] + self._api.refresh()["ingested"]
        sent += running.player.sent if running.player else 0
        processed = counts.records_delivered
        sent_rate, processed_rate = self._rates(sent, processed)
        lags = running.poller.lags().values()
        oldest = min((lag.oldest_arrival for lag in lags if lag.oldest_arrival is not None), default=None)
        unread = max((lag.unread_milliseconds for lag in lags), default=0)
        waited = 0 if oldest is None else max(0, int((time.time() - oldest) * 1000))
        plan = running.resources.plan
        if time.monotonic() - self._tables_read >= TABLES_EVERY:
            self._tables, self._tables_read = self._read_tables(datetime.now(UTC)), time.monotonic()
        live_sessions, window, metrics = self._tables
        return Snapshot(
            sent=sent,
            processed=processed,
            sent_rate=sent_rate,
            processed_rate=processed_rate,
            lag_records=sum(lag.records for lag in lags),
            lag_milliseconds=max(waited, unread),
            batches_succeeded=counts.batches_succeeded,
            batches_failed=counts.batches_failed,
            rejected=self._processor.refresh()["rejected"],
            discarded=counts.records_discarded,
            files=running.s3_events.succeeded,
            arrivals=self._depth(plan.arrivals),
            dead_letters=sum(self._depth(queue.dead_letters) for queue in plan.queues if queue.dead_letters),
            live_sessions=live_sessions,
            window=window,
            metrics=metrics,
        )

    def _rates(self, sent: int, processed: int) -> tuple[float, float]:
        now = time.monotonic()
        self._history.append((now, sent, processed))
        while now - self._history[0][0] > RATE_SECONDS:
            self._history.popleft()
        then, sent_then, processed_then = self._history[0]
        seconds = now - then
        return ((sent - sent_then) / seconds, (processed - processed_then) / seconds) if seconds > 0 else (0.0, 0.0)

    def _depth(self, queue: str) -> int:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        url = self._running.resources.queue_urls[queue]
        answer: Mapping[str, Any] = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)
        return sum(int(answer["Attributes"][name]) for name in names)

    def _read_tables(self, now: datetime) -> tuple[int, str, Mapping[str, tuple[int, int]]]:
        """Live sessions, and the counters of the five minutes that ended last: those of now are still filling."""
        begin = now - timedelta(minutes=WINDOW_MINUTES + now.minute % WINDOW_MINUTES)
        window = begin.strftime("%Y-%m-%dT%H:%M:00Z")
        metrics = {}
        for name in SHOWN_EVENTS:
            items = self._dynamo.query(METRICS.name, "window_event = :cell", {":cell": f"{window}#{name}"})
            cells = [read_counter(item) for item in items]
            metrics[name] = (
                sum(int(cell["events"]) for cell in cells),
                sum(int(cell["revenue_cents"]) for cell in cells),
            )
        return self._sessions.count_live(now), window, metrics
