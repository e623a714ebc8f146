"""KPL aggregates made with protobuf's own library, from the published message definition."""

import hashlib
from collections.abc import Sequence
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_MAGIC = bytes.fromhex("f3899ac2")


def _message_class() -> Any:
    """`AggregatedRecord` of the Kinesis Producer Library (aggregation-format.md)."""
    file = descriptor_pb2.FileDescriptorProto(name="kpl_for_tests.proto", package="kpl_for_tests", syntax="proto2")
    kinds = descriptor_pb2.FieldDescriptorProto
    aggregated, record, tag = (file.message_type.add(name=name) for name in ("AggregatedRecord", "Record", "Tag"))
    for message, fields in (
        (
            aggregated,
            [
                ("partition_key_table", 1, kinds.LABEL_REPEATED, kinds.TYPE_STRING, None),
                ("explicit_hash_key_table", 2, kinds.LABEL_REPEATED, kinds.TYPE_STRING, None),
                ("records", 3, kinds.LABEL_REPEATED, kinds.TYPE_MESSAGE, ".kpl_for_tests.Record"),
            ],
        ),
        (
            record,
            [
                ("partition_key_index", 1, kinds.LABEL_REQUIRED, kinds.TYPE_UINT64, None),
                ("explicit_hash_key_index", 2, kinds.LABEL_OPTIONAL, kinds.TYPE_UINT64, None),
                ("data", 3, kinds.LABEL_REQUIRED, kinds.TYPE_BYTES, None),
                ("tags", 4, kinds.LABEL_REPEATED, kinds.TYPE_MESSAGE, ".kpl_for_tests.Tag"),
            ],
        ),
        (
            tag,
            [
                ("key", 1, kinds.LABEL_REQUIRED, kinds.TYPE_STRING, None),
                ("value", 2, kinds.LABEL_OPTIONAL, kinds.TYPE_STRING, None),
            ],
        ),
    ):
        for name, number, label, kind, of in fields:
            message.field.add(name=name, number=number, label=label, type=kind, type_name=of)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("kpl_for_tests.AggregatedRecord"))


_AggregatedRecord = _message_class()


def message(payloads: Sequence[bytes]) -> bytes:
    """The message of an aggregate, with every field that the format has."""
    whole = _AggregatedRecord(partition_key_table=["ann", "bob"], explicit_hash_key_table=["12345678901234567890"])
    for place, payload in enumerate(payloads):
        record = whole.records.add(partition_key_index=place % 2, explicit_hash_key_index=0, data=payload)
        record.tags.add(key="source", value="web")
    content: bytes = whole.SerializeToString()
    return content


def sealed(content: bytes) -> bytes:
    """A message as an aggregate: magic number before, MD5 behind."""
    return _MAGIC + content + hashlib.md5(content, usedforsecurity=False).digest()


def aggregate(payloads: Sequence[bytes]) -> bytes:
    """One Kinesis record that holds several of a user."""
    return sealed(message(payloads))
