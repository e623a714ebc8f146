"""What feeds a stream to a function: the parameters of an AWS Lambda event source mapping."""

from dataclasses import dataclass
from typing import Final, Literal

FOREVER: Final = -1

_LIMITS: Final = {
    "batch_size": (1, 10_000),
    "batching_window_seconds": (0, 300),
    "maximum_retry_attempts": (FOREVER, 10_000),
    "maximum_record_age_seconds": (FOREVER, 604_800),
    "parallelization_factor": (1, 10),
}


@dataclass(frozen=True)
class StreamMapping:
    """An event source mapping of a Kinesis stream; names, limits and defaults are Lambda's.

    Attributes:
        stream: Name of the stream.
        function: Name of the function.
        batch_size: Records that one invocation gets at most.
        batching_window_seconds: How long records are gathered for a batch that is not full.
        report_batch_item_failures: Whether the function's answer says from which record on to try again.
        bisect_batch_on_function_error: Whether a failed batch is tried again in two halves.
        maximum_retry_attempts: Invocations after the first, then the records are discarded; -1: for ever.
        maximum_record_age_seconds: Older records are discarded; -1: none.
        parallelization_factor: Batches of one shard that are processed at once, keys staying in order.
        starting_position: Where a shard without a checkpoint begins.
        on_failure_queue: Name of the queue that is told of discarded records.
    """

    stream: str
    function: str
    batch_size: int = 100
    batching_window_seconds: float = 0
    report_batch_item_failures: bool = False
    bisect_batch_on_function_error: bool = False
    maximum_retry_attempts: int = FOREVER
    maximum_record_age_seconds: int = FOREVER
    parallelization_factor: int = 1
    starting_position: Literal["TRIM_HORIZON", "LATEST"] = "TRIM_HORIZON"
    on_failure_queue: str | None = None

    def __post_init__(self) -> None:
        """Refuse what Lambda would refuse."""
        for name, (least, most) in _LIMITS.items():
            if not least <= getattr(self, name) <= most:
                raise ValueError(f"{name} must lie between {least} and {most}, not {getattr(self, name)}")
        if 0 <= self.maximum_record_age_seconds < 60:
            raise ValueError(f"maximum_record_age_seconds is -1 or at least 60, not {self.maximum_record_age_seconds}")
