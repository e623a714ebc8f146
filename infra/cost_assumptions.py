"""What the cost model assumes of traffic and code: measured where it says so, judged where it does not."""

from itertools import pairwise
from math import log
from typing import Final

# -- events -----------------------------------------------------------------------------------------------------------

EVENT_BYTES: Final = 600
"""JSON of an event: 540 to 612 bytes in the simulated shop's files."""

RAW_BYTES: Final = 150
"""The same after Firehose's gzip, whose deliveries of a minute compress worse than a day's file (69 bytes)."""

OBJECT_BYTES, ROW_BYTES = 13_000, 90
"""A bronze object: its 39 columns' metadata, and each row. Measured: 13.0 kB for 8 events, 24 kB for 100, 103 kB for
1,000; a day's file has 65 to 68 bytes an event."""

SILVER_BYTES: Final = 53
"""Silver events_clean, an event: 26.6 MB for 501,434. The other tables together are taken for as much again."""

PEAK: Final = 3
"""The busiest minutes have so many times the average; what is provisioned is provisioned for them."""

# -- the stream processor ---------------------------------------------------------------------------------------------

BATCH_SECONDS, EVENT_SECONDS = 0.15, 0.003
"""What a batch takes, and each of its events. Judged: 12 ms of own time for 100 events (docs/benchmarks.md), the rest
is waiting for S3 and DynamoDB."""

PROCESSOR_GB: Final = 1

ENTITIES: Final = 0.9
"""Entities in a batch of ten seconds for each of its events: a visitor rarely sends two in that time."""

SESSION_WRITES: Final = 4
"""Write units for an entity's item of up to 2 KB: two, and two of its index, whose entry moves."""

SESSION_READS: Final = 1
CHECKOUTS: Final = 0.02
"""Checkouts for each event, each with a query of clicks and an item."""

_CELLS: Final = ((1, 1.0), (8, 7.4), (25, 18.6), (100, 58.0), (1_000, 193.0), (10_000, 355.0))

INDEX_GB_EVENT: Final = 300 / 10**9
INDEX_DAYS: Final = 30
"""An entry of the event index with DynamoDB's own bytes, and how long it is kept."""


def cells(events: float) -> float:
    """Counters that a batch of so many events changes: event name x channel x country, counted in simulated events."""
    if events <= 1:
        return events
    for (few, low), (many, high) in pairwise(_CELLS):
        if events <= many:
            return low * (events / few) ** (log(high / low) / log(many / few))
    return _CELLS[-1][1]


# -- Dagster ----------------------------------------------------------------------------------------------------------

RUNS_MONTH: Final = 8_760
"""One every five minutes: what arrives changes today, and today is computed again."""

RUN_SIZES: Final = ((1_000, 2, 8), (10_000, 4, 16), (100_000, 16, 64))
"""Up to so many events a minute, vCPU and GB of the run that is always under way. Judged: a day of 10^5 a minute has
144 million events, and is computed again and again while it lasts."""

SERVICES: Final = ((0.5, 1), (0.5, 1), (0.5, 2))
"""vCPU and GB of webserver, daemon and code location."""

READS_OBJECT: Final = 2
"""GETs of a run for a bronze object: its footer, and its columns."""

NAT_GB: Final = 20
"""A month through the NAT gateways: notifications, logs, calls to ECS and SNS."""

ALARM_METRICS: Final = 85
OWN_METRICS: Final = 100
"""Ours by function, stream, dataset and reason, and those of Container Insights."""

LOG_BYTES_INVOCATION: Final = 1_500
LOG_GB: Final = 5
"""Dagster's, the gateway's and the network's logs a month."""

# -- analysts ---------------------------------------------------------------------------------------------------------

QUERIES_DAY, DAYS_A_QUERY, COLUMNS_READ = 50, 7, 0.2
"""Athena queries of events, the days each is about, and the share of bytes that its columns have."""

# -- the usual design -------------------------------------------------------------------------------------------------

CRAWLS_DAY, CRAWL_DPU_HOURS = 24, 2 * 10 / 60
"""A crawl has two DPU and is billed for ten minutes at least."""

JOBS_HOUR: Final = 2
JOB_DPUS, JOB_START_HOURS = 2, 3 / 60
"""Bronze to silver and silver to gold, hourly, each with two workers at least; and how long Spark takes to start."""

EVENTS_DPU_SECOND: Final = 15_000
"""What a DPU takes through one job."""
