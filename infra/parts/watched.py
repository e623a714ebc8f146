"""What there is to watch in an environment, by name."""

from clickstream_platform.local_aws.plan import (
    DATA_GENERATOR,
    FILE_INGEST,
    REPLAY,
    REPLAY_PROCESSOR,
    STREAM_PROCESSOR,
)
from infra.names import Names
from infra.settings import Settings

INGEST_API = "ingest-api"
FUNCTIONS = (STREAM_PROCESSOR, FILE_INGEST, DATA_GENERATOR, INGEST_API, REPLAY, REPLAY_PROCESSOR)
SECONDS = {FILE_INGEST: 700, REPLAY: 240, INGEST_API: 25}
"""What an invocation may take where it is not 30 s: files and pages of a replay are worked through for minutes, and
nobody gets an answer from the API after 29 s. Each is some four fifths of the function's timeout."""


def streams_of(names: Names, settings: Settings) -> list[str]:
    """The streams of an environment."""
    separate = [f"{names.prefix}clicks", f"{names.prefix}checkouts"] if settings.separate_streams else []
    return [names.plan.events, *separate]


def functions_of(settings: Settings) -> list[str]:
    """The functions of an environment."""
    return [function for function in FUNCTIONS if settings.generator or function != DATA_GENERATOR]


def dead_letter_queues(names: Names) -> list[str]:
    """Queues in which nothing should ever be."""
    return [
        queue.name
        for queue in names.plan.queues
        if queue.name.endswith("-dlq") or queue.name == names.plan.stream_failures
    ]
