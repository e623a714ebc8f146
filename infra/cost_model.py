"""What the platform costs a month by traffic, beside the usual design: `python -m infra.cost_model`.

Both begin at the stream: how events get there costs the same in both. Prices are those of `infra/prices.py`,
assumptions those of `infra/cost_assumptions.py`. No free tier, no reserved capacity, no support plan; storage after a
year.
"""

from collections.abc import Callable
from math import ceil

from infra import cost_assumptions as given
from infra.prices import AS_OF, GB, HOURS, MINUTES, PRICES, REGION
from infra.settings import Settings, read_settings

TRAFFIC = (100, 1_000, 10_000, 100_000)
Lines = dict[str, float]

_RECORDS_SHARD_SECOND = 1_000
_BYTES_SHARD_SECOND = 1_000_000
_MANY = 10_000
_ZONES = {True: 2, False: 1}


def _price(name: str, units: float) -> float:
    return PRICES[name].usd * units


def batch_size(per_minute: float) -> int:
    """Records a batch: the default, and from 10^4 events a minute on 1,000, as infra/README.md advises."""
    return 100 if per_minute < _MANY else 1_000


def shards_to_take(per_minute: float, at_least: int = 1) -> int:
    """Shards that take what is put in the busiest minutes."""
    peak = per_minute / 60 * given.PEAK
    return max(at_least, ceil(max(peak / _RECORDS_SHARD_SECOND, peak * given.EVENT_BYTES / _BYTES_SHARD_SECOND)))


def shards(per_minute: float, at_least: int = 1) -> int:
    """Shards of ours: their batches are done one after the other, and that has to keep up, too."""
    size = batch_size(per_minute)
    processed = size / (given.BATCH_SECONDS + given.EVENT_SECONDS * size)
    return max(shards_to_take(per_minute, at_least), ceil(per_minute / 60 * given.PEAK / processed))


def batches(per_minute: float, settings: Settings) -> float:
    """Batches a month: one a shard and window, more when they fill up; one an event where there are fewer of these."""
    windows = shards(per_minute, settings.shards) * 60 / max(settings.batching_window_seconds, 1)
    return MINUTES * max(per_minute / batch_size(per_minute), min(windows, per_minute))


def ours(per_minute: float, settings: Settings) -> Lines:
    """US dollars a month by service, of this repository's stacks."""
    events, count = per_minute * MINUTES, batches(per_minute, settings)
    idle = 2 * settings.shards if settings.separate_streams else 0
    seconds = count * given.BATCH_SECONDS + events * given.EVENT_SECONDS
    return {
        "Kinesis": _kinesis(per_minute, shards(per_minute, settings.shards) + idle),
        "Firehose": _price("firehose", _delivered_gb(events)),
        "Lambda": _price("lambda_gb_second", seconds * given.PROCESSOR_GB) + _price("lambda_request", count),
        "S3": _lake(events, count, settings),
        "Live tables (DynamoDB)": _live_tables(events, count),
        "SQS": _price("sqs", 1.2 * count + MINUTES * 12),
        "Fargate": _fargate(per_minute, settings),
        "RDS": _database(settings),
        "Network": _network(settings),
        "CloudWatch and X-Ray": _watching(count),
        "Athena": _athena(events),
        "Secrets and keys": _price("secret", 3) + _price("key", 1),
    }


def usual(per_minute: float) -> Lines:
    """The same of Kinesis, Firehose to Parquet, an hourly crawler and hourly Glue Spark jobs; no live tables, no UI."""
    events = per_minute * MINUTES
    gb = _delivered_gb(events)
    jobs = given.JOBS_HOUR * HOURS * given.JOB_DPUS * given.JOB_START_HOURS
    jobs += given.JOBS_HOUR * events / given.EVENTS_DPU_SECOND / 3600
    stored = events * (given.ROW_BYTES + 2 * given.SILVER_BYTES) * 12
    return {
        "Kinesis": _kinesis(per_minute, shards_to_take(per_minute, 2)),
        "Firehose": _price("firehose", gb) + _price("firehose_parquet", gb),
        "S3": _price("s3_standard", stored / GB) + _price("s3_put", MINUTES / 5 + HOURS * 2 * 50),
        "Glue crawler": _price("glue_dpu_hour", given.CRAWLS_DAY * HOURS / 24 * given.CRAWL_DPU_HOURS),
        "Glue Spark": _price("glue_dpu_hour", jobs),
        "CloudWatch and X-Ray": _price("alarm_metric", 20) + _price("log_gb", given.LOG_GB) + _price("dashboard", 1),
        "Athena": _athena(events),
    }


def _kinesis(per_minute: float, count: int) -> float:
    return _price("shard", count * HOURS) + _price("stream_put", per_minute * MINUTES)


def _delivered_gb(events: float) -> float:
    """What Firehose bills: each record as 5 KB."""
    return events * ceil(given.EVENT_BYTES / 5_000) * 5_000 / GB


def _lake(events: float, objects: float, settings: Settings) -> float:
    """Bronze in Standard, as S3 moves no object below 128 KB to another class; silver and gold by their age."""
    bronze = (objects * given.OBJECT_BYTES + events * given.ROW_BYTES) * settings.bronze_days / 30.4
    raw = events * given.RAW_BYTES * settings.lake_raw_days / 30.4
    monthly = events * 2 * given.SILVER_BYTES
    warm = monthly * min(settings.silver_archive_days, 365) / 30.4
    cold = monthly * max(365 - settings.silver_archive_days, 0) / 30.4
    streams = 3 if settings.separate_streams else 1
    runs = given.RUNS_MONTH * 100
    # Each run lists and reads today's bronze once more; half a day's objects on average.
    read = given.RUNS_MONTH * objects / 30.4 / 2
    requests = _price("s3_put", objects + streams * MINUTES + runs + read / 1_000) + _price(
        "s3_get", read * given.READS_OBJECT
    )
    return _price("s3_standard", (bronze + raw + warm) / GB) + _price("s3_instant", cold / GB) + requests


def _live_tables(events: float, count: float) -> float:
    entities = events * given.ENTITIES
    writes = events + entities * given.SESSION_WRITES + count * given.cells(events / count) + events * given.CHECKOUTS
    reads = entities * given.SESSION_READS + events * given.CHECKOUTS
    kept = events * given.INDEX_GB_EVENT * given.INDEX_DAYS / 30.4
    stored = _price("dynamo_storage", kept) + _price("dynamo_recovery", kept)
    return _price("dynamo_write", writes) + _price("dynamo_read", reads) + stored


def _fargate(per_minute: float, settings: Settings) -> float:
    run = next((cpu, memory) for most, cpu, memory in given.RUN_SIZES if per_minute <= most)
    second_webserver = [given.SERVICES[0]] if settings.multi_az else []
    tasks = [*given.SERVICES, *second_webserver, run]
    return sum(_price("fargate_cpu", cpu * HOURS) + _price("fargate_gb", memory * HOURS) for cpu, memory in tasks)


def _database(settings: Settings) -> float:
    name = f"rds_{settings.database_instance.replace('.', '_')}"
    if name not in PRICES:
        raise LookupError(f"database_instance: infra/prices.py has no price of {settings.database_instance}")
    return (_price(name, HOURS) + _price("rds_storage", settings.database_storage_gb)) * _ZONES[settings.multi_az]


def _network(settings: Settings) -> float:
    zones = _ZONES[settings.multi_az]
    nat = _price("nat_hour", zones * HOURS) + _price("nat_gb", given.NAT_GB)
    endpoints = _price("endpoint_hour", 5 * zones * HOURS)
    balancer = _price("balancer_hour", HOURS) + _price("balancer_unit", HOURS)
    return nat + endpoints + balancer + _price("address_hour", (zones + 2) * HOURS)


def _watching(count: float) -> float:
    logs = given.LOG_GB + count * given.LOG_BYTES_INVOCATION / GB
    # One trace a second, and one in twenty of the others.
    sampled = min(count, HOURS * 3600)
    traces = sampled + (count - sampled) / 20
    own = _price("alarm_metric", given.ALARM_METRICS) + _price("metric", given.OWN_METRICS) + _price("dashboard", 1)
    return own + _price("log_gb", logs) + _price("trace", traces)


def _athena(events: float) -> float:
    a_query = events / 30.4 * given.SILVER_BYTES * given.DAYS_A_QUERY * given.COLUMNS_READ
    return _price("athena_tb", given.QUERIES_DAY * 30.4 * a_query / 10**12)


def table() -> str:
    """Both designs by traffic, as a Markdown table; `prod` and `dev` are the environments' own settings."""
    prod, dev = read_settings("prod"), read_settings("dev")
    designs: dict[str, Callable[[float], Lines]] = {
        "ours, prod": lambda rate: ours(rate, prod),
        "usual design": usual,
    }
    small = [sum(ours(rate, dev).values()) for rate in TRAFFIC]
    lines = [
        f"US dollars a month, {REGION}, list prices of {AS_OF}. Columns are events a minute.",
        "",
        _row("", [f"{rate:,}" for rate in TRAFFIC]),
        "| --- |" + " ---: |" * len(TRAFFIC),
        _row("**ours, dev** (one zone, a small database)", [f"**{usd:,.0f}**" for usd in small]),
    ]
    for design, cost in designs.items():
        found = [cost(rate) for rate in TRAFFIC]
        lines.append(_row(f"**{design}**", [f"**{sum(one.values()):,.0f}**" for one in found]))
        lines += [_row(name, [f"{one[name]:,.0f}" for one in found]) for name in found[0]]
        a_million = [sum(one.values()) / (rate * MINUTES / 1e6) for one, rate in zip(found, TRAFFIC, strict=True)]
        lines.append(_row("a million events", [f"{usd:,.2f}" for usd in a_million]))
    return "\n".join(lines)


def _row(name: str, values: list[str]) -> str:
    return "| " + " | ".join([name, *values]) + " |"


if __name__ == "__main__":
    print(table())
