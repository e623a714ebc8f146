"""What the stream processor keeps of people who deny something, and what replays bring of them."""

from datetime import UTC, datetime
from typing import Any

import pytest

from clickstream_platform.realtime.dynamodb import Dynamo
from clickstream_platform.realtime.entities import Rules
from clickstream_platform.realtime.sessions import Sessions
from clickstream_platform_tests.lambdas import live
from clickstream_platform_tests.lambdas.deployed import Deployed
from clickstream_platform_tests.lambdas.stream import Shard, event, rows_of

BOTH, NO_ADS = {"analytics": "granted", "ads": "granted"}, {"analytics": "granted", "ads": "denied"}
NO_ANALYTICS = {"analytics": "denied", "ads": "granted"}
NOW = datetime(2024, 3, 1, 10, 10, tzinfo=UTC)


def visit(who: str, consent: dict[str, str] | None, checkout: dict[str, str] | None = None) -> list[bytes]:
    """Somebody comes by an advertisement and buys."""
    told: dict[str, Any] = {"anonymous_id": who}
    came = {"event_id": f"{who}-1", "url": "https://shop.example/?utm_source=google&utm_medium=cpc&gclid=G1"}
    bought = {"event_id": f"{who}-2", "event_name": "purchase", "value": 20, "event_time": "2024-03-01T10:05:00Z"}
    last = consent if checkout is None else checkout
    return [
        event(**told, **came, **({"consent": consent} if consent else {})),
        event(**told, **bought, **({"consent": last} if last else {})),
    ]


def test_who_denies_analytics_is_counted_and_has_no_session(deployed: Deployed) -> None:
    deployed.deliver(Shard().records([*visit("ann", NO_ANALYTICS), *visit("bob", NO_ADS), *visit("cid", None)]))
    assert set(live.sessions(deployed.aws)["session_id"]) == {f"{who}@20240301T100000000000" for who in ("bob", "cid")}
    assert live.traffic(deployed.aws)["events"].sum() == 6
    assert live.traffic(deployed.aws)["revenue_cents"].sum() == 6000
    (ann,) = (item for item in rows_of(deployed.aws, "sessions") if item["entity_id"] == "ann")
    assert ann["parts"] == [] and {"session", "active_hour", "last_event_time"}.isdisjoint(ann)


def test_nobody_is_live_who_denies_analytics(deployed: Deployed) -> None:
    deployed.deliver(Shard().records([*visit("ann", NO_ANALYTICS), *visit("bob", BOTH)]))
    rules = Rules(timeout=live._TIMEOUT, kept=live._TIMEOUT, final_after=300, window=live._TIMEOUT)
    assert Sessions(Dynamo("clickstream-", patience=10), rules).count_live(NOW) == 1


@pytest.mark.parametrize(
    ("click", "checkout", "credited"),
    [
        (BOTH, None, True),
        (None, None, True),
        (NO_ADS, None, False),
        (NO_ANALYTICS, None, False),
        (BOTH, NO_ADS, False),
        (BOTH, NO_ANALYTICS, False),
        (NO_ADS, BOTH, False),
    ],
)
@pytest.mark.parametrize("late", [False, True], ids=["in order", "click late"])
def test_a_live_checkout_is_led_back_to_a_click_where_both_allow_it(
    deployed: Deployed, click: dict[str, str] | None, checkout: dict[str, str] | None, credited: bool, late: bool
) -> None:
    came, bought = visit("ann", click, checkout)
    deployed.deliver(Shard().records([bought, came] if late else [came, bought]))
    (row,) = live.checkouts(deployed.aws).to_dicts()
    assert (row["is_attributed"], row["channel"]) == ((True, "Paid Search") if credited else (False, "Direct"))
    assert row["revenue_cents"] == 2000


def test_what_an_event_does_not_say_the_setting_says(deployed: Deployed) -> None:
    deployed.configure(consent_default="denied")
    sent = [*visit("ann", None), *visit("bob", BOTH), *visit("cid", {"analytics": "granted"})]
    deployed.deliver(Shard().records(sent))
    assert {one.partition("@")[0] for one in live.sessions(deployed.aws)["session_id"]} == {"bob", "cid"}
    credited = {row["entity_id"]: row["is_attributed"] for row in live.checkouts(deployed.aws).to_dicts()}
    assert credited == {"ann": False, "bob": True, "cid": False}
    assert {row["analytics_consent"] for row in deployed.bronze() if row["entity_id"] == "ann"} == {None}


def test_a_withheld_event_in_a_visit_is_no_part_of_its_session(deployed: Deployed) -> None:
    """As in silver: the pause around it is what counts."""
    times = ("10:00", "10:25", "10:50")
    answers = (BOTH, NO_ANALYTICS, BOTH)
    sent = [
        event(event_id=at, event_time=f"2024-03-01T{at}:00Z", consent=consent)
        for at, consent in zip(times, answers, strict=True)
    ]
    deployed.deliver(Shard().records(sent))
    assert live.sessions(deployed.aws)["events"].to_list() == [1, 1]
    assert live.traffic(deployed.aws)["events"].sum() == 3
