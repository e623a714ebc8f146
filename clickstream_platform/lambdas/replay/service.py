"""What can be asked of replays, whoever asks: API Gateway or the command line."""

import hashlib
import secrets
import time
from datetime import UTC, datetime
from typing import Any

from clickstream_platform.ingest.store import open_lake_store
from clickstream_platform.lambdas.environment import LambdaSettings
from clickstream_platform.lambdas.replay.cost import cost_of
from clickstream_platform.lambdas.replay.plans import MESSAGES_A_PAGE, delete_plans
from clickstream_platform.lambdas.replay.selection import has_events
from clickstream_platform.lambdas.replay.steps import Steps, events_a_message
from clickstream_platform.realtime.dynamodb import Dynamo
from clickstream_platform.realtime.erased import ErasedEntities
from clickstream_platform.realtime.replay_items import Replay, moment_text
from clickstream_platform.realtime.replay_pages import ReplayPages
from clickstream_platform.realtime.replay_request import BadReplay, ReplayRequest, check_replay
from clickstream_platform.realtime.replay_state import Replays
from clickstream_platform.realtime.sqs import Queue

_DRY_RUN_SECONDS = 20.0


class Erased(LookupError):
    """The person was erased: nothing of theirs is brought again."""


class NothingFound(LookupError):
    """There is nothing that could be replayed."""


class ReplayService:
    """Starts, tells of, cancels and repeats replays.

    Raises:
        ValueError: The settings name no queues.
    """

    def __init__(self, settings: LambdaSettings) -> None:
        for name in ("replay_queue_url", "replay_steps_queue_url"):
            if not getattr(settings, name):
                raise ValueError(f"CLICKSTREAM_{name.upper()} is not set: replays need both of their queues")
        patience = settings.storage_timeout_seconds
        self._settings = settings
        self._dynamo = Dynamo(settings.table_prefix, patience=patience)
        self._store = open_lake_store(settings.ingest_options().lake_uri, patience=patience)
        self._erased = ErasedEntities(self._dynamo, settings.pii_key.encode() if settings.pii_key else None)
        self.replays = Replays(self._dynamo, settings.replay_ttl_days)
        self._pages = ReplayPages(self._dynamo, settings.replay_ttl_days, self.replays)
        queues = (Queue(url, patience) for url in (settings.replay_queue_url, settings.replay_steps_queue_url))
        self.steps = Steps(self.replays, self._pages, self._dynamo, self._store, *queues)

    def start(self, request: ReplayRequest, key: str | None = None) -> dict[str, Any]:
        """Begin a replay; with a key that was used before for the same, the one that was begun then.

        Returns:
            What `describe` does. A dry run has its counts already, where counting them takes seconds only.

        Raises:
            BadReplay: It cannot be asked for.
            OtherReplay: The key was used for another request.
            Erased: The entity was erased.
            NothingFound: There are no such events, or no such object.
            AwsError, IngestError: A call failed.
        """
        check_replay(request)
        self._check_target(request)
        self._check_found(request)
        replay = self.replays.create(_id_of(key), request)
        if request.dry_run and replay.state == "queued":
            replay = self.steps.run(replay.replay_id, time.time() + _DRY_RUN_SECONDS)
        elif replay.state == "queued":
            self.steps.begin(replay.replay_id)
        return self.describe(replay)

    def describe(self, replay: Replay) -> dict[str, Any]:
        """State, counts and, for a dry run, the cost of a replay.

        Raises:
            AwsError: The counts cannot be had.
        """
        request = replay.request
        counts = self._pages.counts(replay)
        described: dict[str, Any] = {
            "replay_id": replay.replay_id,
            "state": replay.state,
            "target": request.target,
            "dry_run": request.dry_run,
            "created_at": moment_text(replay.created_at),
            "counts": counts._asdict(),
        }
        if replay.error:
            described["error"] = replay.error
        failures = [
            f"message {page.name}.{number}: {why['error']}"
            for page in (self._pages.of(replay.replay_id) if counts.failed else ())
            for number, why in page.failed.items()
        ]
        if failures:
            described["failures"] = failures[:20]
        if request.dry_run and replay.is_selected:
            messages = -(-replay.selected // events_a_message(request))
            seconds = replay.selected / request.events_per_second
            described["estimate"] = {
                **cost_of(request, replay.selected, messages),
                "messages": messages,
                "pages": -(-messages // MESSAGES_A_PAGE),
                "seconds": round(seconds, 1),
            }
        return described

    def get(self, replay_id: str) -> dict[str, Any]:
        """What is known of a replay.

        Raises:
            UnknownReplay: There is none of this id.
            AwsError: It cannot be had.
        """
        replay = self.replays.get(replay_id)
        self.replays.settle(replay)
        return self.describe(self.replays.get(replay_id))

    def cancel(self, replay_id: str) -> dict[str, Any]:
        """Bring no more events of a replay; messages under way are passed over.

        Raises:
            UnknownReplay: There is none of this id.
            WrongState: It has ended.
            AwsError: A call failed.
        """
        replay = self.replays.end(replay_id, "cancelled")
        if replay.request.entity_id:
            self.replays.forget_entity(replay)
        delete_plans(self._store, replay_id)
        return self.describe(replay)

    def redrive(self, replay_id: str) -> dict[str, Any]:
        """Send again what failed.

        Raises:
            UnknownReplay: There is none of this id.
            WrongState: There is nothing to send again.
            AwsError, IngestError: A call failed.
        """
        messages = self.steps.send_again(replay_id)
        return {**self.describe(self.replays.get(replay_id)), "messages_sent_again": messages}

    def _check_target(self, request: ReplayRequest) -> None:
        if request.target == "queue" and not self._settings.replay_target_queue_url:
            raise BadReplay("target: no queue is set up for it (CLICKSTREAM_REPLAY_TARGET_QUEUE_URL)")
        lakes = [uri.rstrip("/") for uri in (self._settings.lake_uri, self._settings.replay_lake_uri)]
        if request.target == "bronze" and lakes[1] in ("", lakes[0]):
            # Rows keep their lineage, which is how silver knows a row: twice in one lake they would count twice.
            raise BadReplay(
                "target: bronze is for another lake, and CLICKSTREAM_REPLAY_LAKE_URI names none; "
                "the own one has these rows (target=stream brings them again)"
            )

    def _check_found(self, request: ReplayRequest) -> None:
        if request.entity_id is not None:
            if self._erased.erased_of([request.entity_id]):
                raise Erased("entity_id: this person was erased; nothing of theirs can be replayed")
            if request.uses_index and not has_events(request, self._dynamo):
                days = self._settings.event_index_ttl_days
                raise NothingFound(
                    f"entity_id: the index knows no such events of this entity; it keeps them for {days} days"
                )
        for path in dict.fromkeys(request.objects or ()):
            if self._store.look_at(path) is None:
                raise NothingFound(f"objects: there is no {path}")


def _id_of(key: str | None) -> str:
    if key is not None:
        return f"key-{hashlib.sha256(key.encode()).hexdigest()[:24]}"
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(4)}"
