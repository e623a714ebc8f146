"""Every setting of the platform, read from the environment in this one place.

Variables carry the prefix `CLICKSTREAM_` (`CLICKSTREAM_LAKE_URI=s3://shop-lake`), and a `.env` file in the working
directory is read too. `docs/operations.md` lists them from the descriptions below.
"""

from datetime import date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


def _absolute_unless_remote(uri: str) -> str:
    """The lake's address: remote ones as they are, local ones made absolute (Dagster changes directory)."""
    return uri.rstrip("/") if "://" in uri else str(Path(uri).expanduser().absolute())


class Settings(BaseSettings):
    """Settings with their defaults; unknown `CLICKSTREAM_` variables are ignored, wrong values name the variable."""

    model_config = SettingsConfigDict(
        env_prefix="CLICKSTREAM_", env_file=".env", env_file_encoding="utf-8", extra="ignore", frozen=True
    )

    lake_uri: Annotated[str, AfterValidator(_absolute_unless_remote)] = Field(
        default="lake", validate_default=True, description="Root of the lake: a folder, or `s3://bucket/prefix`."
    )
    arrival_queue_url: str | None = Field(
        default=None,
        description="SQS queue that S3 tells of new bronze objects; without it the lake's own `_queue/` is read.",
    )
    start_date: date = Field(
        default=date(2024, 1, 1),
        description="First day (UTC) that daily partitions exist for; events before it are kept in bronze only.",
    )
    currency: str = Field(
        default="USD",
        pattern="^[A-Z]{3}$",
        description="The shop's currency (ISO 4217); every amount in gold is in it.",
    )
    session_timeout_minutes: int = Field(
        default=30, ge=1, le=720, description="A gap longer than this starts a new session."
    )
    attribution_window_minutes: int = Field(
        default=60,
        ge=1,
        le=1440,
        description="How long before a checkout a click may lie to be credited in `attributed_checkouts`.",
    )
    consent_default: Literal["granted", "denied"] = Field(
        default="granted",
        description="What holds for the purposes that an event's `consent` does not name. A shop that must ask first, "
        "as in the EU, sets `denied`. Days computed before a change keep the old answer until they are rebuilt.",
    )
    clv_horizon_days: int = Field(
        default=365,
        ge=1,
        le=3650,
        description="How many days ahead `customer_lifetime_value` looks, and the longest holdout of its model.",
    )
    clv_discount_rate: float = Field(
        default=0.1, ge=0, le=10, description="Yearly rate by which later purchases count less in `clv`."
    )
    conversion_event: Literal["purchase", "begin_checkout"] = Field(
        default="purchase", description="Event that ends a path of touches in `conversion_paths`."
    )
    attribution_lookback_days: int = Field(
        default=30, ge=1, le=180, description="How long before its end a path of touches may begin."
    )
    attribution_path_treatment: Literal["unique", "exposure", "first", "last"] = Field(
        default="exposure",
        description="What of touches that repeat each other a path keeps: all (`unique`), of repeats in a row the "
        "latest (`exposure`), the `first` or the `last` of all repeats.",
    )
    attribution_half_life_days: float = Field(
        default=7, ge=0.01, le=365, description="After which a touch counts half in the time-decay model."
    )
    attribution_model_days: int = Field(
        default=30, ge=1, le=180, description="Days of paths up to its own that a day's Markov and Shapley model see."
    )
    attribution_refund_days: int = Field(
        default=30,
        ge=0,
        le=180,
        description="Days before a refund on which its order is looked for, to take its credit back.",
    )
    pii_key: SecretStr | None = Field(
        default=None,
        description="Key of the HMAC-SHA-256 that replaces e-mail addresses; without it they are dropped, not hashed.",
    )
    hash_customer_pii: bool = Field(
        default=False, description="Keep only hashes of customers' personal data in bronze and silver."
    )
    earliest_event_time: datetime = Field(
        default=datetime.fromisoformat("2015-01-01T00:00:00+00:00"),
        description="Events and orders before this are rejected as `event_time_out_of_range`.",
    )
    max_future_seconds: int = Field(
        default=86_400, ge=0, description="How far past the clock an event's time may lie before it is rejected."
    )
    max_record_bytes: int = Field(
        default=1_048_576, ge=1024, description="Longer records are rejected as `too_large` (Kinesis' own limit)."
    )
    reject_threshold: float = Field(
        default=0.05, ge=0, le=1, description="Share of rejected records above which `clickstream ingest` exits with 1."
    )
    default_phone_region: str = Field(
        default="US", pattern="^[A-Z]{2}$", description="Country of phone numbers written without a country code."
    )
    shop_domains: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="The shop's own hosts, comma-separated; referrals from them are internal."
    )
    table_prefix: str = Field(
        default="clickstream-", description="Beginning of the names of all live tables in DynamoDB."
    )
    funnels_file: Path | None = Field(
        default=None, description="TOML file with the funnels of `funnel_steps`; without it the e-commerce funnel."
    )
    experiments_file: Path | None = Field(
        default=None,
        description="TOML file with control, split, days and windows of experiments for `experiment_results`; without "
        "it the control is `control`, else the first variant by name, and the split is even.",
    )
    anomaly_warn_deviations: float = Field(
        default=4,
        gt=0,
        description="Robust standard deviations off its weekday's median from which a daily total is a warning.",
    )
    anomaly_warn_change: float = Field(
        default=0.25, ge=0, description="Relative change (0.25 is a quarter) below which it never is."
    )
    anomaly_error_deviations: float = Field(
        default=8, gt=0, description="Robust standard deviations from which a daily total is an error."
    )
    anomaly_error_change: float = Field(
        default=0.6, ge=0, description="Relative change below which it is a warning at most."
    )
    holiday_country: str | None = Field(
        default=None,
        pattern="^[A-Z]{2}(-[A-Z0-9]{1,3})?$",
        description="Country (ISO 3166, as `DE` or `US-CA`) whose public holidays are no usual days for the checks.",
    )
    holidays_file: Path | None = Field(
        default=None, description="File with further such days: lines like `2024-11-29 Black Friday`."
    )
    raw_retention_days: int = Field(
        default=30,
        ge=1,
        description="Days that originals stay under `raw/`, the only place with personal data of events.",
    )
    ingest_raw: bool = Field(
        default=False,
        description="A sensor reads what streams deliver below `raw/`: for a platform without the stream processor.",
    )
    run_batch_days: int = Field(
        default=31,
        ge=1,
        description="Day partitions that one run of a backfill or of `clickstream build` covers at most.",
    )
    slack_webhook_url: SecretStr | None = Field(
        default=None, description="Slack webhook told of failed runs and failed error-severity checks; off unless set."
    )
    sns_topic_arn: str | None = Field(default=None, description="SNS topic told of the same; off unless set.")
    service: str = Field(
        default="clickstream", description="What this deployment is named in the metrics that CloudWatch gets."
    )
    webserver_url: str = Field(
        default="http://localhost:3000", description="Address of the Dagster UI, for links in notifications."
    )

    @field_validator("shop_domains", mode="before")
    @classmethod
    def _split_commas(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @property
    def session_timeout(self) -> timedelta:
        """`session_timeout_minutes` as a duration."""
        return timedelta(minutes=self.session_timeout_minutes)

    @property
    def attribution_window(self) -> timedelta:
        """`attribution_window_minutes` as a duration."""
        return timedelta(minutes=self.attribution_window_minutes)

    @property
    def attribution_lookback(self) -> timedelta:
        """`attribution_lookback_days` as a duration."""
        return timedelta(days=self.attribution_lookback_days)

    @property
    def attribution_half_life(self) -> timedelta:
        """`attribution_half_life_days` as a duration."""
        return timedelta(days=self.attribution_half_life_days)

    @property
    def attribution_refund_reach(self) -> timedelta:
        """`attribution_refund_days` as a duration."""
        return timedelta(days=self.attribution_refund_days)


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """The process' settings, read once. Tests that change the environment call `get_settings.cache_clear()`."""
    return Settings()
