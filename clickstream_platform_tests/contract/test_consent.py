"""What an event's `consent` comes to for each purpose."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clickstream_platform.contract import CONSENTS, Event, Limits, parser
from clickstream_platform.contract.consent import ads_granted, analytics_granted
from clickstream_platform.contract.records import Consents
from clickstream_platform_tests.contract.records import event

GOOGLE = {  # gtag's consent state with everything in it
    "ad_storage": "granted",
    "ad_user_data": "granted",
    "ad_personalization": "denied",
    "analytics_storage": "denied",
    "functionality_storage": "granted",
    "personalization_storage": "granted",
    "security_storage": "granted",
}
ANALYTICS, ADS = ("analytics", "analytics_storage"), ("ads", "ad_storage", "ad_user_data")
ANSWERS = st.none() | st.sampled_from(CONSENTS)


@pytest.mark.parametrize(
    ("consent", "analytics", "ads"),
    [
        (None, None, None),
        ({}, None, None),
        ({"analytics": "granted"}, True, None),
        ({"analytics": None, "ads": "denied"}, None, False),
        ({"analytics": "granted", "ads": "granted"}, True, True),
        ({"analytics_storage": "denied"}, False, None),
        ({"ad_storage": "granted", "ad_user_data": "denied"}, None, False),
        ({"ads": "granted", "ad_storage": "denied"}, None, False),
        ({"ad_personalization": "denied"}, None, None),
        (GOOGLE, False, True),
    ],
)
def test_an_answer_is_read_by_purpose(
    consent: dict[str, str | None] | None, analytics: bool | None, ads: bool | None
) -> None:
    read = parser("events", Limits(latest=datetime(2030, 1, 1, tzinfo=UTC)))(event(consent=consent))
    assert isinstance(read, Event)
    assert (analytics_granted(read.consent), ads_granted(read.consent)) == (analytics, ads)


@given(answers=st.fixed_dictionaries(dict.fromkeys(Consents.__struct_fields__, ANSWERS)))
def test_a_denial_wins_and_says_nothing_of_the_other_purpose(answers: dict[str, str | None]) -> None:
    consents = Consents(**answers)  # type: ignore[arg-type]
    for names, granted in ((ANALYTICS, analytics_granted(consents)), (ADS, ads_granted(consents))):
        said = {answers[name] for name in names} - {None}
        assert granted == (None if not said else said == {"granted"})
