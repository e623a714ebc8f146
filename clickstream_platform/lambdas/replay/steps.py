"""A replay's steps: select a unit, send a page of its messages, move on; until nothing is left."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

import msgspec

from clickstream_platform.ingest.store import Store
from clickstream_platform.lambdas.observability import emit_metrics, log
from clickstream_platform.lambdas.replay.plans import (
    MESSAGES_A_PAGE,
    Plan,
    Pointers,
    delete_plans,
    keep_plan,
    read_plan,
)
from clickstream_platform.lambdas.replay.selection import select
from clickstream_platform.realtime.dynamodb import MOST_TOGETHER, Dynamo
from clickstream_platform.realtime.replay_items import Position, Replay
from clickstream_platform.realtime.replay_pages import ReplayPages
from clickstream_platform.realtime.replay_request import ReplayRequest
from clickstream_platform.realtime.replay_state import Replays
from clickstream_platform.realtime.sqs import MOST_DELAY_SECONDS, Message, Queue

MESSAGE_EVENTS = 500
DOMAIN_MESSAGE_EVENTS = MOST_TOGETHER - 10
"""All entities of a message are counted in one transaction."""

_AHEAD_SECONDS = 300
"""Messages are sent so long before they are due, and held back by the queue."""


class Bring(msgspec.Struct, frozen=True, kw_only=True):
    """A message for the replay processor: which events to bring, and which message of which page that is."""

    replay_id: str
    page: str
    number: int
    pointers: Pointers


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """A message for this function: go on with a replay."""

    replay_id: str


class Steps:
    """Takes replays further.

    Args:
        replays: Their state.
        pages: That of their messages.
        dynamo: The live tables.
        store: The lake.
        messages: The queue of the replay processor.
        steps: The queue of this function.
    """

    def __init__(
        self, replays: Replays, pages: ReplayPages, dynamo: Dynamo, store: Store, messages: Queue, steps: Queue
    ) -> None:
        self._replays, self._pages, self._dynamo, self._store = replays, pages, dynamo, store
        self._messages, self._steps = messages, steps

    def begin(self, replay_id: str, delay_seconds: int = 0) -> None:
        """Have a replay taken further by the next invocation.

        Raises:
            AwsError: The queue cannot be reached.
        """
        self._steps.send([Message(msgspec.json.encode(Step(replay_id=replay_id)), delay_seconds)])

    def run(self, replay_id: str, until: float, clock: Callable[[], float] = time.time) -> Replay:
        """Take a replay as far as it goes until a moment (epoch seconds); what is left is put on the queue.

        Raises:
            UnknownReplay: There is none of this id.
            AwsError: A call failed; it can be tried again.
            IngestError: The lake cannot be read or written; the same.
        """
        replay = self._replays.get(replay_id)
        while replay.state in ("queued", "running") and not replay.is_selected:
            if clock() >= until:
                self.begin(replay_id)
                return replay
            moved, wait = self._step(replay, clock())
            if wait:
                self.begin(replay_id, wait)
                return replay
            replay = moved or self._replays.get(replay_id)
        if self._replays.settle(replay) == "done":
            delete_plans(self._store, replay_id)
        return replay

    def plan(self, replay: Replay) -> Plan:
        """The events of a replay's present unit, selected now if they were not before.

        Raises:
            AwsError: The index cannot be read.
            IngestError: The lake cannot be read or written.
        """
        unit = replay.position.unit
        plan = read_plan(self._store, replay.replay_id, unit)
        if plan is None:
            created = datetime.fromtimestamp(replay.created_at, UTC)
            most = replay.request.limit - replay.selected
            events = select(replay.request, unit, self._dynamo, self._store, most, created)
            plan = Plan(events, replay.selected)
            if events.num_rows:
                plan = keep_plan(self._store, replay.replay_id, unit, plan)
            emit_metrics({"replay_selected": (plan.events.num_rows, "Count")}, {"target": replay.request.target})
        return plan

    def _step(self, replay: Replay, now: float) -> tuple[Replay | None, int]:
        """One step; the replay after it, or how many seconds it has to wait before it is taken."""
        request, (unit, step) = replay.request, replay.position
        if unit >= request.units or (step == 0 and replay.selected >= request.limit):
            if request.entity_id:
                self._replays.forget_entity(replay)
            finished = self._replays.finish_selection(replay)
            if finished:
                log("INFO", "a replay is selected", replay_id=replay.replay_id, selected=finished.selected)
            return finished, 0
        plan = self.plan(replay)
        if request.entity_id and request.uses_index:
            self._replays.forget_entity(replay)
        selected = plan.before + plan.events.num_rows
        page = [] if request.dry_run else self.page(plan, request, step)
        if not page:
            to = Position(unit + 1, 0)
            return self._replays.advance(replay, to, selected=selected, sent=replay.sent, page=False), 0
        wait = _due(replay, request, replay.sent) - now - _AHEAD_SECONDS
        if wait > _AHEAD_SECONDS:
            return None, min(MOST_DELAY_SECONDS, int(wait))
        events = sum(len(message.rows) for message in page)
        self._pages.open(replay.replay_id, replay.position.page, len(page), events)
        self._send(replay, page, now)
        emit_metrics({"replay_sent": (events, "Count")}, {"target": request.target})
        to = Position(unit, step + 1)
        return self._replays.advance(replay, to, selected=selected, sent=replay.sent + events, page=True), 0

    def _send(self, replay: Replay, page: list[Pointers], now: float) -> None:
        messages, before = [], replay.sent
        for number, pointers in enumerate(page):
            due = _due(replay, replay.request, before)
            delay = max(0, min(MOST_DELAY_SECONDS, int(due - now)))
            messages.append(Message(_bring(replay.replay_id, replay.position.page, number, pointers), delay))
            before += len(pointers.rows)
        self._messages.send(messages)

    def page(self, plan: Plan, request: ReplayRequest, step: int) -> list[Pointers]:
        """The messages of one page."""
        return plan.messages(events_a_message(request))[step * MESSAGES_A_PAGE : (step + 1) * MESSAGES_A_PAGE]

    def send_again(self, replay_id: str) -> int:
        """Send what is not done of a failed or a running replay once more; how many messages that are.

        Raises:
            UnknownReplay: There is none of this id.
            WrongState: It has ended otherwise.
            AwsError: A call failed; asking again is safe.
            IngestError: A plan cannot be read.
        """
        replay = self._replays.reopen(replay_id)
        sent = 0
        for page in self._pages.of(replay_id):
            if len(page.done) == page.messages:
                continue
            unit, step = (int(part) for part in page.name.split("."))
            plan = read_plan(self._store, replay_id, unit)
            if plan is None:
                continue
            self._pages.reopen(replay_id, page)
            again = [
                Message(_bring(replay_id, page.name, number, pointers))
                for number, pointers in enumerate(self.page(plan, replay.request, step))
                if number not in page.done
            ]
            sent += self._messages.send(again)
        if not replay.is_selected:
            self.begin(replay_id)
        return sent


def _bring(replay_id: str, page: str, number: int, pointers: Pointers) -> bytes:
    return msgspec.json.encode(Bring(replay_id=replay_id, page=page, number=number, pointers=pointers))


def _due(replay: Replay, request: ReplayRequest, events_before: int) -> float:
    """When the events after so many others are due."""
    return replay.created_at + events_before / request.events_per_second


def events_a_message(request: ReplayRequest) -> int:
    """How many events a message has at most; no more than a second's."""
    most = DOMAIN_MESSAGE_EVENTS if request.target == "domain" else MESSAGE_EVENTS
    return min(most, request.events_per_second)
