"""The registry of erased entities."""

import hashlib
import hmac

import pytest

from clickstream_platform.contract.privacy import email_hash
from clickstream_platform.realtime.dynamodb import Dynamo, DynamoError
from clickstream_platform.realtime.erased import ErasedEntities, entity_hash
from clickstream_platform.realtime.tables import ERASED_ENTITIES
from clickstream_platform_tests.aws import Aws
from clickstream_platform_tests.lambdas.stream import created
from clickstream_platform_tests.realtime.conftest import Behind

ODD = ["u-1", 'it\'s "50%"', "Zoë\u2009☃", "x" * 256, "a\nb", "\udcff"]


@pytest.mark.parametrize("key", [None, b"secret"])
def test_who_was_erased_is_known_and_nobody_else_is(aws: Aws, key: bytes | None) -> None:
    created(aws)
    erased = ErasedEntities(Dynamo("clickstream-", patience=5), key)
    many = [f"person-{number}" for number in range(150)]  # more than one call reads or writes
    assert erased.erased_of(ODD) == erased.erased_of([]) == set()
    erased.add([])
    erased.add([*ODD, *many, many[0]])
    erased.add(many)
    assert erased.erased_of([*ODD, *many, *many, "u-2"]) == {*ODD, *many}
    items = aws.client("dynamodb").scan(TableName=f"clickstream-{ERASED_ENTITIES.name}")["Items"]
    assert len(items) == len({*ODD, *many})
    assert {tuple(sorted(item)) for item in items} == {("entity_hash", "erased_at")}


def test_the_hash_is_of_this_purpose_and_key_alone() -> None:
    assert entity_hash("u-1", None) == hashlib.sha256(b"clickstream erased entity\0u-1").hexdigest()
    assert entity_hash("u-1", b"k") == hmac.digest(b"k", b"clickstream erased entity\0u-1", "sha256").hex()
    assert entity_hash("ann@shop.com", b"k") != email_hash("ann@shop.com", b"k")


def test_a_registry_that_cannot_be_reached_is_an_error(behind: Behind) -> None:
    dynamo, _ = behind(*["error"] * 1000, patience=0.2)
    erased = ErasedEntities(dynamo, None)
    with pytest.raises(DynamoError, match="BatchWriteItem"):
        erased.add(["u-1"])
    with pytest.raises(DynamoError, match="BatchGetItem"):
        erased.erased_of(["u-1"])
