"""What the ingest API says of a request: log lines and metrics."""

import time
from collections import Counter
from datetime import datetime

from clickstream_platform.contract.privacy import redact_text
from clickstream_platform.lambdas.ingest_api.records import Judged
from clickstream_platform.lambdas.observability import Unit, emit_metrics, log

_LOGGED_REFUSALS = 20


class Told:
    """Tells of one request as it goes on; `source` is who sent it, once that is known."""

    def __init__(self, correlation_id: str) -> None:
        self.source = ""
        self.correlation_id = correlation_id
        self._begun = time.monotonic()

    def judged(self, judged: Judged, received_at: datetime, *, taken: int, replayed: bool = False) -> None:
        """What became of the records: `taken` of them are on the stream now; `replayed` ones were counted before.

        Refused records are kept nowhere, as their sender is told; the log has the first ones. One line for each reason
        of refusal, as the reason is a dimension of its own.
        """
        about = {"correlation_id": self.correlation_id}
        size, refusals = len(judged.taken) + len(judged.refused), [] if replayed else judged.refused
        for refused in refusals[:_LOGGED_REFUSALS]:
            log(
                "WARNING",
                "a record was rejected",
                reason=refused.reason,
                field=refused.field,
                index=refused.index,
                event_id=redact_text(refused.event_id) if refused.event_id else None,
                source=self.source,
                **about,
            )
        done = "a request was taken" if taken else "nothing of a request was taken"
        log(
            "INFO",
            "a request was answered before" if replayed else done,
            source=self.source,
            records=size,
            ingested=taken,
            rejected=len(refusals),
            **about,
        )
        emit_metrics(
            {
                "ingested": (taken, "Count"),
                "rejected": (len(refusals), "Count"),
                "duplicates": (len(judged.taken) if replayed else 0, "Count"),
                "batch_size": (size, "Count"),
                "duration": self._duration(),
                **_lag(judged, received_at),
            },
            {"source": self.source},
            **about,
        )
        for reason, count in Counter(refused.reason for refused in refusals).items():
            emit_metrics({"rejected_by_reason": (count, "Count")}, {"source": self.source, "reason": reason}, **about)

    def refused(self, status: int, why: str) -> None:
        """A request that was refused as a whole."""
        about = {"source": self.source, "correlation_id": self.correlation_id}
        log("WARNING", "a request was refused", status=status, why=why, **about)
        emit_metrics({"refused_requests": (1, "Count"), "duration": self._duration()}, {"status": str(status)})

    def failed(self, error: Exception, what: str = "a request failed") -> None:
        """A fault of ours."""
        log("ERROR", what, error=repr(error), source=self.source, correlation_id=self.correlation_id)
        emit_metrics({"failed_requests": (1, "Count"), "duration": self._duration()})

    def warned(self, message: str, error: Exception) -> None:
        """Something that does not change the answer."""
        log("WARNING", message, error=repr(error), source=self.source, correlation_id=self.correlation_id)

    def _duration(self) -> tuple[float, Unit]:
        return (time.monotonic() - self._begun) * 1000, "Milliseconds"


def _lag(judged: Judged, received_at: datetime) -> dict[str, tuple[float, Unit]]:
    """How long after it happened the request's first event came; a clock that is ahead makes it 0."""
    if not judged.taken:
        return {}
    seconds = (received_at - judged.taken[0].event.event_time).total_seconds()
    return {"ingest_lag": (max(0.0, seconds) * 1000, "Milliseconds")}
