"""Wrong settings of an environment: one line that names the setting, exit code 2, and no template."""

from pathlib import Path

import pytest

from clickstream_platform_tests.infra.templates import app
from infra.settings import FOLDER, Settings, SettingsError, read_settings


def written(folder: Path, environment: str = "dev", **changed: str) -> Path:
    """The settings of `dev` with lines changed or left out."""
    lines = (FOLDER / "dev.toml").read_text().splitlines()
    own = [line for line in lines if line.split(" = ")[0] not in changed]
    folder.joinpath(f"{environment}.toml").write_text(
        "\n".join([*(f"{name} = {value}" for name, value in changed.items() if value), *own])
    )
    return folder


def said(folder: Path, environment: str = "dev") -> str:
    with pytest.raises(SettingsError) as caught:
        read_settings(environment, folder)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_environments_here_can_be_read(environment: str) -> None:
    settings = read_settings(environment)
    assert isinstance(settings, Settings)
    assert settings.prefix == f"clickstream-{environment}-"


def test_an_unknown_environment_is_told_which_there_are() -> None:
    done = app("nowhere")
    assert done.returncode == 2
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert "'nowhere'" in line
    assert "dev or prod" in line


def test_somebody_has_to_be_told_of_alarms(tmp_path: Path) -> None:
    assert "alarm_email" in said(written(tmp_path, alarm_email=""))
    assert "alarm_email" in said(written(tmp_path, alarm_email='"nobody"'))


def test_networks_that_will_be_joined_may_not_overlap(tmp_path: Path) -> None:
    message = said(written(tmp_path, vpc_cidr='"10.0.0.0/16"', peer_cidrs='["10.0.128.0/20"]'))
    assert "10.0.0.0/16 overlaps 10.0.128.0/20" in message


@pytest.mark.parametrize(
    ("cidr", "why"), [("10.0.0.1/16", "host bits"), ("8.8.0.0/16", "not private"), ("10.0.0.0/24", "no room")]
)
def test_a_network_has_to_be_one(tmp_path: Path, cidr: str, why: str) -> None:
    message = said(written(tmp_path, vpc_cidr=f'"{cidr}"'))
    assert "vpc_cidr" in message
    assert why in message


@pytest.mark.parametrize(
    ("name", "value"),
    [("shards", "0"), ("unknown_setting", "1"), ("ui_certificate_arn", '"none"'), ("monthly_budget_usd", '"much"')],
)
def test_a_wrong_value_is_named(tmp_path: Path, name: str, value: str) -> None:
    assert name in said(written(tmp_path, **{name: value}))


def test_bronze_is_not_gone_before_it_is_archived(tmp_path: Path) -> None:
    assert "bronze_days" in said(written(tmp_path, bronze_days="60"))


def test_a_file_that_is_no_toml_is_named(tmp_path: Path) -> None:
    tmp_path.joinpath("dev.toml").write_text("region = ")
    assert "dev.toml" in said(tmp_path)
