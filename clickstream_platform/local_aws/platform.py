"""The whole platform on the emulated AWS: server, resources, functions and what feeds them."""

import os
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from clickstream_platform.lambdas.http_routes import INGEST_API
from clickstream_platform.local_aws.environment import local_environment
from clickstream_platform.local_aws.functions import Function, Processes
from clickstream_platform.local_aws.gateway import Gateway
from clickstream_platform.local_aws.plan import (
    DATA_GENERATOR,
    FILE_INGEST,
    REPLAY,
    REPLAY_PROCESSOR,
    STREAM_PROCESSOR,
    Plan,
)
from clickstream_platform.local_aws.player import SLOT_SECONDS, Player, shops_of
from clickstream_platform.local_aws.poller import Poller
from clickstream_platform.local_aws.queue_mapping import QueueMapping
from clickstream_platform.local_aws.resources import Resources, create_all
from clickstream_platform.local_aws.s3_events import S3Events
from clickstream_platform.local_aws.schedule import EVERY, Schedule
from clickstream_platform.local_aws.server import LocalServer, require_free_port, start_server

FUNCTIONS = {
    name: name.replace("-", "_")
    for name in (STREAM_PROCESSOR, FILE_INGEST, DATA_GENERATOR, INGEST_API, REPLAY, REPLAY_PROCESSOR)
}
TIMEOUTS = {INGEST_API: 30.0}
"""Seconds after which functions are killed, where that is not five minutes: API Gateway waits no longer."""

CORS = "CLICKSTREAM_CORS_ORIGINS"
RETENTION_MINUTES = 60
"""Records stay in the stream so long: they are in this machine's memory."""


@dataclass
class LocalPlatform:
    """What runs; `stop` ends it in the order that loses nothing.

    Attributes:
        environment: What leads to all of it: for Dagster, and for whoever looks at it.
        logs: Folder with a log for each function.
        player: The shop that is played; None where only the schedule sends events.
    """

    server: LocalServer
    resources: Resources
    environment: Mapping[str, str]
    logs: Path
    functions: dict[str, Processes]
    poller: Poller
    s3_events: S3Events
    gateway: Gateway
    schedule: Schedule | None = None
    player: Player | None = None
    _stack: ExitStack = field(default_factory=ExitStack, repr=False)

    def log_of(self, function: str) -> Path:
        """The log of a function."""
        return log_path(self.logs, function)

    def stop(self) -> None:
        """End everything."""
        self._stack.close()


def start_platform(
    logs: Path,
    *,
    rate: float,
    history_minutes: int = 0,
    burst: bool = False,
    host: str = "127.0.0.1",
    port: int = 0,
    api_port: int = 0,
    plan: Plan | None = None,
    settings: Mapping[str, str] | None = None,
    tell: Callable[[str], None] = lambda line: None,
) -> LocalPlatform:
    """Start everything but Dagster.

    Args:
        logs: Folder for logs; made when missing.
        rate: Events a second; 0 for none.
        history_minutes: The data generator makes up for so many minutes before now; 0 begins with this moment.
        burst: Leave all events to the data generator, every five minutes.
        host: Address of the emulated AWS.
        port: Its port; 0 takes a free one.
        api_port: Port of the HTTP interface; 0 takes a free one.
        plan: Which resources there are.
        settings: `CLICKSTREAM_` variables on top of this process' environment.
        tell: Told what is done.

    Raises:
        LocalAwsError: The emulation cannot run.
    """
    logs.mkdir(parents=True, exist_ok=True)
    if api_port:
        require_free_port(host, api_port, "the HTTP interface")
    with ExitStack() as stack:
        tell("starting the emulated AWS")
        server = start_server(host, port, log=logs / "moto.log", retention_minutes=RETENTION_MINUTES)
        stack.callback(server.stop)
        resources = create_all(server.endpoint, plan)
        plan = resources.plan
        shops = shops_of(rate) if rate > 0 else []
        generated = {
            "CLICKSTREAM_STREAMS": plan.events,
            # Pages on this machine are of some origin or other.
            CORS: (settings or {}).get(CORS, os.environ.get(CORS, "*")),
            **({"CLICKSTREAM_GENERATOR_EVENTS": str(shops[0].events)} if shops else {}),
        }
        own = {**(settings or {}), **resources.settings(), **generated}
        functions = {}
        for name, module in FUNCTIONS.items():
            handler = f"clickstream_platform.lambdas.{module}.handler:handler"
            function = Function(plan.prefix + name, handler, own, timeout_seconds=TIMEOUTS.get(name, 300.0))
            functions[name] = Processes(function, server.endpoint, log=log_path(logs, name))
            # Killed last: what feeds them waits for the invocations under way.
            stack.callback(functions[name].close)
        (mapping,) = plan.mappings
        failures = resources.queue_urls[plan.stream_failures]
        tell("starting the functions")
        poller = Poller(mapping, functions[STREAM_PROCESSOR], server.endpoint, queue_url=failures).start()
        stack.callback(poller.stop)
        landing = S3Events(
            functions[FILE_INGEST], server.endpoint, resources.queue_urls[plan.landing], retry_seconds=10
        ).start()
        stack.callback(landing.stop)
        for name, queue in ((REPLAY, plan.replay_steps), (REPLAY_PROCESSOR, plan.replay_messages)):
            replays = QueueMapping(functions[name], server.endpoint, resources.queue_urls[queue]).start()
            stack.callback(replays.stop)
        gateway = Gateway(functions, host, api_port).start()
        stack.callback(gateway.stop)
        environment = {**local_environment(server.endpoint), **(settings or {}), **resources.settings()}
        running = LocalPlatform(server, resources, environment, logs, functions, poller, landing, gateway)
        if shops:
            running.schedule = _schedule(functions[DATA_GENERATOR], history_minutes, burst).start()
            stack.callback(running.schedule.stop)
        if shops and not burst:
            running.player = Player(server.endpoint, plan.events, shops, whole=history_minutes > 0).start()
            stack.callback(running.player.stop)
        running._stack = stack.pop_all()
        return running


def log_path(logs: Path, function: str) -> Path:
    """Where a function's log is."""
    return logs / f"{function}.log"


def dagster_environment(running: LocalPlatform) -> dict[str, str]:
    """The environment of Dagster over the emulation; old days have no data, so partitions begin a week ago."""
    start = (datetime.now(UTC) - timedelta(days=7)).date().isoformat()
    return {"CLICKSTREAM_START_DATE": start, **running.environment}


def _schedule(generator: Processes, history_minutes: int, burst: bool) -> Schedule:
    """The data generator's schedule: the minutes before now, and with `burst` all that follow."""
    now = datetime.now(UTC)
    # The player begins with the five minutes that now lies in: what ended before is the generator's.
    began = datetime.fromtimestamp(int(now.timestamp()) // SLOT_SECONDS * SLOT_SECONDS, UTC)
    return Schedule(
        generator,
        begin=began - timedelta(minutes=history_minutes) + EVERY,
        end=None if burst else began,
        pause_seconds=0.5,
        retry_seconds=5.0,
    )
