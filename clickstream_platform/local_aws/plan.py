"""Which resources there are: the one place that declares them, for `resources.py` to make."""

from dataclasses import dataclass, field
from typing import Final

from clickstream_platform.local_aws.mapping import StreamMapping
from clickstream_platform.realtime.tables import LIVE_TABLES, LiveTable

STREAM_PROCESSOR: Final = "stream-processor"
FILE_INGEST: Final = "file-ingest"
DATA_GENERATOR: Final = "data-generator"
REPLAY: Final = "replay"
REPLAY_PROCESSOR: Final = "replay-processor"


@dataclass(frozen=True)
class Queue:
    """An SQS queue.

    Attributes:
        visibility_seconds: How long a received message stays hidden while it is worked on.
        dead_letters: Queue that a message moves to once it has been received `receives` times in vain.
    """

    name: str
    visibility_seconds: int = 30
    dead_letters: str | None = None
    receives: int = 5


@dataclass(frozen=True)
class Notification:
    """What the bucket tells a queue: objects made below a prefix."""

    prefix: str
    queue: str
    suffix: str = ""


@dataclass(frozen=True)
class Stream:
    """A Kinesis stream with its shards at the beginning."""

    name: str
    shards: int = 2


@dataclass(frozen=True)
class Plan:
    """Every resource, by name. All names carry the prefix, so that several platforms can share an account."""

    prefix: str = "clickstream-"
    shards: int = 2
    streams: tuple[Stream, ...] = field(init=False)
    queues: tuple[Queue, ...] = field(init=False)
    notifications: tuple[Notification, ...] = field(init=False)
    mappings: tuple[StreamMapping, ...] = field(init=False)
    tables: tuple[LiveTable, ...] = LIVE_TABLES

    def __post_init__(self) -> None:
        """Name everything after the prefix."""
        derived = {
            "streams": (Stream(self.events, self.shards),),
            "queues": (
                Queue(f"{self.arrivals}-dlq"),
                # What the sensor reports it acknowledges a tick later: longer than a daemon takes to restart.
                Queue(self.arrivals, visibility_seconds=300, dead_letters=f"{self.arrivals}-dlq"),
                Queue(f"{self.landing}-dlq"),
                # Longer than file-ingest may run, so that no file is ingested by two at once.
                Queue(self.landing, visibility_seconds=900, dead_letters=f"{self.landing}-dlq", receives=3),
                Queue(self.stream_failures),
                Queue(f"{self.replay_steps}-dlq"),
                # Longer than one invocation takes steps.
                Queue(self.replay_steps, visibility_seconds=360, dead_letters=f"{self.replay_steps}-dlq"),
                Queue(f"{self.replay_messages}-dlq"),
                Queue(self.replay_messages, visibility_seconds=120, dead_letters=f"{self.replay_messages}-dlq"),
            ),
            "notifications": (
                Notification("bronze/", self.arrivals, ".parquet"),
                Notification("landing/", self.landing),
            ),
            "mappings": (
                StreamMapping(
                    stream=self.events,
                    function=self.prefix + STREAM_PROCESSOR,
                    batch_size=100,
                    batching_window_seconds=10,
                    report_batch_item_failures=True,
                    bisect_batch_on_function_error=True,
                    maximum_retry_attempts=20,
                    # Well within the stream's day: what is discarded can still be read again by its numbers.
                    maximum_record_age_seconds=6 * 3600,
                    on_failure_queue=self.stream_failures,
                ),
            ),
        }
        for name, value in derived.items():
            object.__setattr__(self, name, value)

    @property
    def bucket(self) -> str:
        """The lake's bucket."""
        return f"{self.prefix}lake"

    @property
    def events(self) -> str:
        """The stream of events."""
        return f"{self.prefix}events"

    @property
    def arrivals(self) -> str:
        """The queue that the Dagster sensor reads."""
        return f"{self.prefix}bronze-arrivals"

    @property
    def landing(self) -> str:
        """The queue that stands in for S3 invoking file-ingest, which moto does not do."""
        return f"{self.prefix}landing"

    @property
    def replay_steps(self) -> str:
        """The queue of replays' own steps."""
        return f"{self.prefix}replay-steps"

    @property
    def replay_messages(self) -> str:
        """The queue of the replay processor."""
        return f"{self.prefix}replay-messages"

    @property
    def stream_failures(self) -> str:
        """The on-failure destination of the stream's mapping."""
        return f"{self.prefix}stream-failures"
