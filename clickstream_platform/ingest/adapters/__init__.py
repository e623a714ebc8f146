"""Foreign formats: an adapter turns a foreign record into the contract's fields, one to one.

`native` is the contract itself; `mapping` follows a mapping file. A new format is a class with `to_native` and one
call of `register`:

    class Segment:
        dataset = "events"
        columns = frozenset({"messageId"})

        def to_native(self, record):
            return {"event_id": record["messageId"], ...}

    register("segment", lambda mapping: Segment())
"""

from clickstream_platform.ingest.adapters.registry import Adapter, adapter_names, get_adapter, register

__all__ = ["Adapter", "adapter_names", "get_adapter", "register"]
