"""What CloudWatch is told of the platform as a whole: how old gold is, and how many sessions are live.

Metrics are lines in CloudWatch's embedded metric format on the code location's standard output, as the functions write
theirs: they need no right and cost no call, and when nobody writes them any more, that is an alarm, too.
"""

import json
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import dagster as dg

from clickstream_platform.config import Settings, get_settings
from clickstream_platform.lib.table_asset import table_key
from clickstream_platform.realtime.dynamodb import Dynamo, DynamoError
from clickstream_platform.realtime.entities import Rules
from clickstream_platform.realtime.sessions import Sessions
from clickstream_platform.schemas import TABLES

NAMESPACE = "Clickstream"
_PATIENCE = 2.0


def gold_ages(instance: dg.DagsterInstance, now: datetime) -> dict[str, float]:
    """Seconds since each gold table was last computed; tables that never were are left out."""
    ages = {}
    for table in TABLES.values():
        if table.layer == "gold":
            event = instance.get_latest_materialization_event(table_key(table))
            if event is not None:
                ages[table.name] = now.timestamp() - event.timestamp
    return ages


def live_sessions(settings: Settings, now: datetime) -> int | None:
    """How many entities have a session now; None where there are no live tables, or they do not answer."""
    rules = Rules(settings.session_timeout, timedelta(0), 0, timedelta(0))
    try:
        return Sessions(Dynamo(settings.table_prefix, patience=_PATIENCE), rules).count_live(now)
    except (DynamoError, RuntimeError):  # the latter: no credentials, so no AWS
        return None


def metric_line(metrics: Mapping[str, tuple[float, str]], dimensions: Mapping[str, str], now: datetime) -> str:
    """Metrics, each with its unit, as CloudWatch takes them from a log."""
    directive = {
        "Namespace": NAMESPACE,
        "Dimensions": [list(dimensions)],
        "Metrics": [{"Name": name, "Unit": unit} for name, (_, unit) in metrics.items()],
    }
    values = {name: round(value, 3) for name, (value, _) in metrics.items()}
    about = {"Timestamp": int(now.timestamp() * 1000), "CloudWatchMetrics": [directive]}
    return json.dumps({"_aws": about, **dimensions, **values})


def health_lines(instance: dg.DagsterInstance, settings: Settings, now: datetime) -> list[str]:
    """All metrics at a time. A platform that has computed nothing yet has no old gold."""
    service = {"service": settings.service}
    ages, live = gold_ages(instance, now), live_sessions(settings, now)
    overall = {"oldest_gold_age": (max(ages.values(), default=0.0), "Seconds")}
    if live is not None:
        overall["live_sessions"] = (float(live), "Count")
    each = (metric_line({"gold_age": (age, "Seconds")}, {**service, "table": name}, now) for name, age in ages.items())
    return [metric_line(overall, service, now), *each]


@dg.sensor(
    name="platform_health",
    minimum_interval_seconds=300,
    default_status=dg.DefaultSensorStatus.RUNNING
    if "://" in get_settings().lake_uri
    else dg.DefaultSensorStatus.STOPPED,
    description="Tells CloudWatch how old each gold table is and how many sessions are live. Off on a local lake.",
)
def platform_health(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    """Writes the metrics; there is never anything to run."""
    lines = health_lines(context.instance, get_settings(), datetime.now(UTC))
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()
    return dg.SkipReason(f"{len(lines)} lines of metrics written")
