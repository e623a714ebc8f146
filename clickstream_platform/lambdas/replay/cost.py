"""What a replay costs, by list prices."""

import math
from typing import Any

from clickstream_platform.realtime.replay_request import ReplayRequest

PRICES = {
    "DynamoDB read request units": 0.125e-6,
    "DynamoDB write request units": 0.625e-6,
    "SQS requests": 0.40e-6,
    "S3 GET requests": 0.40e-6,
    "S3 PUT requests": 5.0e-6,
    "Kinesis PUT payload units": 0.014e-6,
    "Lambda GB-seconds (arm64)": 13.3334e-6,
}
"""US dollars a piece, us-east-1, on demand, from the services' price pages (2025). Transfer in a region is free."""

_MEMORY_GB = 1.0
_SECONDS_A_MESSAGE = 0.25
_ENTITIES_AN_EVENT = 0.3
_ENTRY_KB = 0.5


def cost_of(request: ReplayRequest, events: int, messages: int) -> dict[str, Any]:
    """An estimate: how many requests of each kind, and US dollars in all.

    An invocation takes ten messages; a message needs its object once.
    """
    transactional = 2
    aggregates = math.ceil(events * _ENTITIES_AN_EVENT) if request.target == "domain" else 0
    puts = {
        "DynamoDB read request units": (math.ceil(events * _ENTRY_KB / 4) if request.uses_index else 0) + aggregates,
        # Each message is marked in its page, whose item has about a kilobyte.
        "DynamoDB write request units": 2 * messages + transactional * (aggregates + messages) * (aggregates > 0),
        # Sent ten at a time; received and deleted ten at a time.
        "SQS requests": 3 * math.ceil(messages / 10) + (math.ceil(events / 10) if request.target == "queue" else 0),
        "S3 GET requests": messages,
        "S3 PUT requests": request.units + (messages if request.target == "bronze" else 0),
        "Kinesis PUT payload units": events if request.target == "stream" else 0,
        "Lambda GB-seconds (arm64)": math.ceil(messages * _SECONDS_A_MESSAGE * _MEMORY_GB),
    }
    needed = {name: number for name, number in puts.items() if number}
    return {"requests": needed, "usd": round(sum(PRICES[name] * number for name, number in needed.items()), 6)}
