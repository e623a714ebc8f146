"""What an environment is made with: `infra/environments/<name>.toml`, read and checked."""

import ipaddress
import re
import tomllib
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta, Struct

FOLDER: Final = Path(__file__).parent / "environments"
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_SMALLEST_PREFIX = 20


class SettingsError(ValueError):
    """An environment cannot be made; the message names file and setting, and says what would do."""


class Settings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The settings of one environment.

    Attributes:
        environment: Its name, part of the name of every resource.
        region: Where it is deployed.
        alarm_email: Told of alarms of every severity.
        vpc_cidr: Addresses of the network.
        peer_cidrs: Networks that this one will be joined with, and must not overlap.
        stream_mode: `provisioned` pays for shards, `on_demand` for bytes.
        shards: Of the stream `events`, and of `clicks` and `checkouts`, where they are wanted.
        separate_streams: Whether there are `clicks` and `checkouts` besides `events`.
        stream_hours: How long the stream keeps records.
        batch_size: Records that the stream processor gets at most.
        batching_window_seconds: How long they are gathered.
        reserved_concurrency: Of each function by name; those not named share what is left.
        generator: Whether a schedule has the data generator send events of an invented shop.
        lake_raw_days: Days that originals and delivered records are kept.
        bronze_archive_days: After so many days bronze goes to Glacier ...
        bronze_days: ... and after so many it is gone. What is to be replayed or rebuilt must still be there.
        silver_archive_days: After so many days silver goes to Glacier Instant Retrieval.
        gold_days: Days that gold is kept.
        athena_scan_gb: A query may scan no more.
        crawler: Whether a Glue crawler looks at the lake; the tables need none.
        database_instance: Class of the PostgreSQL instance.
        database_storage_gb: Its disk.
        multi_az: Whether it has a standby in the other zone, and each zone a NAT gateway.
        keep_data: Whether the lake, the tables and the database outlive the stacks.
        dagster_image: Image of webserver, daemon and code location, by digest or tag.
        ui_certificate_arn: Certificate of the load balancer before the Dagster UI.
        ui_host: Name that the certificate is for and your DNS leads to the load balancer; by default its own name.
        ui_auth: How people sign in there: an OpenID Connect client of yours.
        write_keys_secret: Name of a secret with write keys of the ingest API (`web:KEY`); none leaves it to IAM.
        consent_default: `granted` or `denied`: what holds for a purpose that an event's `consent` does not name.
        pii_key_secret: Name of a secret with the key that e-mail addresses are hashed with; none drops them.
        cors_origins: Origins of the pages that may send events.
        replay_lake_bucket: Bucket of another platform's lake that replays may fill.
        monthly_budget_usd: Costs that are warned of.
        repository: `owner/name` on GitHub, whose workflow may deploy.
        github_provider: Whether the delivery stack makes the identity provider of GitHub Actions; an account has one
            only, so of two environments in one account the second one does without.
    """

    environment: Annotated[str, Meta(pattern="^[a-z][a-z0-9]{1,9}$")]
    region: Annotated[str, Meta(pattern="^[a-z]{2}(-[a-z]+)+-[0-9]$")] = "us-east-1"
    alarm_email: str
    vpc_cidr: str = "10.0.0.0/16"
    peer_cidrs: tuple[str, ...] = ()
    stream_mode: Literal["provisioned", "on_demand"] = "provisioned"
    shards: Annotated[int, Meta(ge=1, le=200)] = 2
    separate_streams: bool = True
    stream_hours: Annotated[int, Meta(ge=24, le=8760)] = 24
    batch_size: Annotated[int, Meta(ge=1, le=10_000)] = 100
    batching_window_seconds: Annotated[int, Meta(ge=0, le=300)] = 10
    reserved_concurrency: dict[str, int] = {}
    generator: bool = False
    lake_raw_days: Annotated[int, Meta(ge=1)] = 30
    bronze_archive_days: Annotated[int, Meta(ge=31)] = 90
    bronze_days: Annotated[int, Meta(ge=1)] = 365
    silver_archive_days: Annotated[int, Meta(ge=30)] = 180
    gold_days: Annotated[int, Meta(ge=1)] = 730
    athena_scan_gb: Annotated[int, Meta(ge=1)] = 100
    crawler: bool = False
    database_instance: Annotated[str, Meta(pattern=r"^[a-z0-9]+\.[a-z0-9]+$")] = "t4g.small"
    database_storage_gb: Annotated[int, Meta(ge=20, le=65_536)] = 20
    multi_az: bool = False
    keep_data: bool = True
    dagster_image: Annotated[str, Meta(min_length=1)]
    ui_certificate_arn: Annotated[str, Meta(pattern="^arn:aws[a-z-]*:acm:")]
    ui_host: str = ""
    ui_auth: "UiAuth"
    write_keys_secret: str = ""
    consent_default: Literal["granted", "denied"] = "granted"
    pii_key_secret: str = ""
    replay_lake_bucket: str = ""
    cors_origins: tuple[str, ...] = ()
    monthly_budget_usd: Annotated[int, Meta(ge=1)] = 500
    repository: Annotated[str, Meta(pattern="^[A-Za-z0-9-]+/[A-Za-z0-9._-]+$")]
    github_provider: bool = True

    @property
    def prefix(self) -> str:
        """Beginning of the names of all resources."""
        return f"clickstream-{self.environment}-"

    @property
    def is_production(self) -> bool:
        """Whether people depend on it."""
        return self.environment == "prod"


class UiAuth(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An OpenID Connect client: who may see the Dagster UI.

    Attributes:
        client_secret_name: Name of the secret in Secrets Manager with the client's secret.
    """

    issuer: Annotated[str, Meta(pattern="^https://")]
    authorization_endpoint: Annotated[str, Meta(pattern="^https://")]
    token_endpoint: Annotated[str, Meta(pattern="^https://")]
    user_info_endpoint: Annotated[str, Meta(pattern="^https://")]
    client_id: Annotated[str, Meta(min_length=1)]
    client_secret_name: Annotated[str, Meta(min_length=1)]


def read_settings(environment: str, folder: Path = FOLDER) -> Settings:
    """The settings of an environment.

    Raises:
        SettingsError: There is no such environment, or a setting is wrong.
    """
    path = folder / f"{environment}.toml"
    known = sorted(file.stem for file in folder.glob("*.toml"))
    if environment not in known:
        raise SettingsError(
            f"there is no environment {environment!r}: choose {' or '.join(known)}, or write {path.name}"
        )
    try:
        settings = msgspec.convert({"environment": environment, **tomllib.loads(path.read_text())}, Settings)
        _check(settings)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, SettingsError) as error:
        raise SettingsError(f"{path.parent.name}/{path.name}: {error}") from None
    return settings


def _check(settings: Settings) -> None:
    if not _EMAIL.fullmatch(settings.alarm_email):
        raise SettingsError(f"alarm_email: {settings.alarm_email!r} is no address; somebody has to be told of alarms")
    network = _network("vpc_cidr", settings.vpc_cidr)
    if network.prefixlen > _SMALLEST_PREFIX:
        raise SettingsError(f"vpc_cidr: {network} has no room for six subnets; take /{_SMALLEST_PREFIX} or larger")
    if not network.is_private:
        raise SettingsError(
            f"vpc_cidr: {network} is not private; take one of 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16"
        )
    for peer in settings.peer_cidrs:
        if network.overlaps(_network("peer_cidrs", peer)):
            raise SettingsError(f"vpc_cidr: {network} overlaps {peer} of peer_cidrs; they could not be joined")
    if settings.bronze_days <= settings.bronze_archive_days:
        raise SettingsError("bronze_days: bronze would be gone before it is archived (bronze_archive_days)")


def _network(name: str, text: str) -> ipaddress.IPv4Network:
    try:
        return ipaddress.IPv4Network(text)
    except ValueError as error:
        raise SettingsError(f"{name}: {error}; write for example 10.0.0.0/16") from None
