"""The shards of a stream, and which of them may be processed."""

from collections.abc import Mapping
from typing import Any

from clickstream_platform.local_aws.checkpoints import Checkpoint

Shards = Mapping[str, frozenset[str]]
"""The parents of each shard, as far as they are still there."""


def list_shards(kinesis: Any, stream: str) -> Shards:
    """Every shard of a stream, open or closed."""
    parents: dict[str, set[str]] = {}
    asked = {"StreamName": stream}
    while True:
        answer = kinesis.list_shards(**asked)
        for shard in answer["Shards"]:
            parents[shard["ShardId"]] = {shard.get("ParentShardId", ""), shard.get("AdjacentParentShardId", "")}
        if not answer.get("NextToken"):
            return {shard_id: frozenset(of & parents.keys()) for shard_id, of in parents.items()}
        asked = {"NextToken": answer["NextToken"]}


def ready_shards(shards: Shards, checkpoints: Mapping[str, Checkpoint]) -> list[str]:
    """Shards that are not done and whose parents are: keys move on to children, and have to stay in order."""
    done = {shard_id for shard_id, checkpoint in checkpoints.items() if checkpoint.ended}
    return [shard_id for shard_id, parents in shards.items() if shard_id not in done and parents <= done]
