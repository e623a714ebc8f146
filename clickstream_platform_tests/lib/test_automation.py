"""When models are fitted by themselves: at once where there are none, then once a month, whatever comes in between."""

from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest

from clickstream_platform.lib.automation import monthly


@dg.asset
def orders() -> None:
    """What the models are fitted on."""


@dg.asset(deps=[orders], automation_condition=monthly())
def models() -> None:
    """Fitted."""


DEFS = dg.Definitions([orders, models])


class Clock:
    """Evaluates the conditions again and again, each time from what it knew the last time."""

    def __init__(self) -> None:
        self.instance = dg.DagsterInstance.ephemeral()
        self.cursor: dg.AssetDaemonCursor | None = None

    def requested(self, now: datetime) -> int:
        result = dg.evaluate_automation_conditions(DEFS, self.instance, cursor=self.cursor, evaluation_time=now)
        self.cursor = result.cursor
        return result.total_requested

    def made(self, asset: dg.AssetsDefinition) -> None:
        dg.materialize([asset], instance=self.instance, selection=[asset])


@pytest.fixture
def clock() -> Clock:
    return Clock()


MARCH = datetime(2024, 3, 10, 12, tzinfo=UTC)


def test_models_are_fitted_as_soon_as_there_are_orders(clock: Clock) -> None:
    assert clock.requested(MARCH) == 0
    clock.made(orders)
    assert clock.requested(MARCH + timedelta(minutes=1)) == 1
    assert clock.requested(MARCH + timedelta(minutes=2)) == 0


def test_further_orders_wait_for_the_first_of_the_month(clock: Clock) -> None:
    clock.requested(MARCH)
    clock.made(orders)
    assert clock.requested(MARCH + timedelta(minutes=1)) == 1
    clock.made(models)
    clock.made(orders)
    for day in (11, 20, 31):
        assert clock.requested(MARCH.replace(day=day)) == 0
    assert clock.requested(datetime(2024, 4, 1, 2, 59, tzinfo=UTC)) == 0
    assert clock.requested(datetime(2024, 4, 1, 3, 1, tzinfo=UTC)) == 1
    clock.made(models)
    assert clock.requested(datetime(2024, 4, 1, 3, 2, tzinfo=UTC)) == 0
