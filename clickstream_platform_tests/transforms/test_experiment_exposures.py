"""entity_activity and experiment_exposures."""

from decimal import Decimal

from clickstream_platform.transforms import entity_activity, experiment_exposures
from clickstream_platform_tests.transforms.experiments import buys, returns, shows
from clickstream_platform_tests.transforms.rows import DAY, at, clean_events, event, found, only


def test_activity_of_a_day_is_counted_and_refunds_are_taken_off() -> None:
    rows = [
        event(at("09:00")),
        event(at("09:01"), "view_item"),
        buys(at("09:02"), "20.00"),
        returns(at("23:59"), "30.00"),
    ]
    row = only(entity_activity(clean_events(*rows)))
    assert (row["events"], row["page_views"], row["item_views"], row["carts"]) == (4, 1, 1, 0)
    assert (row["purchases"], row["refunds"]) == (1, 1)
    assert (row["revenue"], row["refund_amount"]) == (Decimal("-10.00"), Decimal("30.00"))
    assert (row["first_event_at"], row["last_event_at"]) == (at("09:00"), at("23:59"))


def test_who_does_not_consent_has_neither_activity_nor_exposures() -> None:
    events = clean_events(
        shows(at("09:00"), analytics_consent=False), buys(at("10:00"), "5.00", analytics_consent=False)
    )
    assert found(entity_activity(events)) == found(experiment_exposures(events)) == []


def test_exposure_is_the_first_event_of_its_day_and_only_what_follows_counts() -> None:
    rows = [
        buys(at("08:00"), "1.00", event_id="before"),
        shows(at("09:00"), name="view_item"),
        buys(at("09:00"), "2.00", event_id="at the same moment"),
        shows(at("09:30")),
        buys(at("09:00:00.000001"), "4.00", event_id="after"),
        returns(at("10:00"), "1.50"),
    ]
    row = only(experiment_exposures(clean_events(*rows)))
    assert (row["exposed_at"], row["exposure_date"], row["variant"]) == (at("09:00"), DAY, "B")
    assert (row["purchases_after"], row["refunds_after"], row["revenue_after"]) == (1, 1, Decimal("2.50"))
    assert (row["events_after"], row["page_views_after"], row["refund_amount_after"]) == (3, 1, Decimal("1.50"))


def test_bots_are_not_exposed_and_each_variant_and_experiment_has_its_own_row() -> None:
    both = [{"experiment": "button", "variant": "A"}, {"experiment": "price", "variant": "low"}]
    rows = [event(at("09:00"), experiments=both), shows(at("10:00")), shows(at("09:00"), entity="crawler", is_bot=True)]
    answer = found(experiment_exposures(clean_events(*rows)), "experiment", "variant")
    assert [(row["experiment"], row["variant"]) for row in answer] == [
        ("button", "A"),
        ("button", "B"),
        ("price", "low"),
    ]


def test_what_a_bot_or_somebody_without_consent_does_after_an_exposure_does_not_count() -> None:
    rows = [
        shows(at("09:00")),
        buys(at("10:00"), "5.00"),
        buys(at("11:00"), "7.00", is_bot=True),
        buys(at("12:00"), "9.00", analytics_consent=False),
    ]
    events = clean_events(*rows)
    exposure, activity = only(experiment_exposures(events)), only(entity_activity(events))
    assert (exposure["events_after"], exposure["purchases_after"], exposure["revenue_after"]) == (1, 1, Decimal("5.00"))
    assert (activity["events"], activity["purchases"], activity["revenue"]) == (2, 1, Decimal("5.00"))
