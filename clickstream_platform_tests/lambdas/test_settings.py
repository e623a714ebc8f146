"""The functions' settings are the platform's own, read without the platform's import time."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from clickstream_platform.config import Settings
from clickstream_platform.lambdas.environment import PREFIX, LambdaSettings, read_settings

SHARED = sorted(set(Settings.model_fields) & {field.name for field in msgspec.structs.fields(LambdaSettings)})


def comparable(value: Any) -> Any:
    """What may be written differently in the two."""
    if isinstance(value, tuple):
        return ",".join(value)
    return value.get_secret_value() if hasattr(value, "get_secret_value") else value


def test_defaults_are_those_of_the_platform() -> None:
    assert len(SHARED) >= 10
    ours, theirs = read_settings({}), Settings(_env_file=None)
    for name in set(SHARED) - {"lake_uri"}:
        assert getattr(ours, name) == comparable(getattr(theirs, name)), name
    assert theirs.lake_uri.endswith(f"/{ours.lake_uri}")


GIVEN = {
    "lake_uri": "s3://shop-lake/prefix",
    "currency": "EUR",
    "session_timeout_minutes": "45",
    "attribution_window_minutes": "90",
    "consent_default": "denied",
    "pii_key": "secret",
    "hash_customer_pii": "true",
    "shop_domains": "a.example, b.example",
    "default_phone_region": "DE",
    "earliest_event_time": "2020-01-01T00:00:00+00:00",
    "max_future_seconds": "60",
    "max_record_bytes": "2048",
    "table_prefix": "shop-",
}


def test_one_environment_says_the_same_to_both(monkeypatch: pytest.MonkeyPatch) -> None:
    assert sorted(GIVEN) == SHARED
    environment = {PREFIX + name.upper(): value for name, value in GIVEN.items()}
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    ours, theirs = read_settings(environment), Settings(_env_file=None)
    for name in set(SHARED) - {"shop_domains"}:
        assert getattr(ours, name) == comparable(getattr(theirs, name)), name
    assert ours.ingest_options().shop_domains == theirs.shop_domains
    assert ours.ingest_options().pii_key == b"secret"
    assert ours.earliest_event_time == datetime(2020, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("session_timeout_minutes", "half an hour"),
        ("hash_customer_pii", "perhaps"),
        ("consent_default", "maybe"),
        ("earliest_event_time", "yesterday"),
        ("storage_timeout_seconds", ""),
        ("metrics_ttl_days", "1.5"),
    ],
)
def test_a_wrong_value_names_its_variable(name: str, value: str) -> None:
    variable = PREFIX + name.upper()
    with pytest.raises(ValueError, match=f"^{variable}: "):
        read_settings({"CLICKSTREAM_CURRENCY": "USD", variable: value})


def test_other_variables_are_none_of_its_business() -> None:
    assert read_settings({"CLICKSTREAM_UNHEARD_OF": "1", "LAKE_URI": "x"}) == LambdaSettings()
