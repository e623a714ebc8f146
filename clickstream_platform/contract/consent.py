"""What a visitor's answer means: for each purpose granted, denied, or not said."""

from clickstream_platform.contract.records import Consents


def analytics_granted(consents: Consents | None) -> bool | None:
    """Whether the person's behaviour may be analysed; None where the event does not say."""
    return None if consents is None else _granted(consents.analytics, consents.analytics_storage)


def ads_granted(consents: Consents | None) -> bool | None:
    """Whether the event may be used to measure advertising; None where the event does not say."""
    if consents is None:
        return None
    return _granted(consents.ads, consents.ad_storage, consents.ad_user_data)


def _granted(*answers: str | None) -> bool | None:
    """One answer out of those under several names: a denial wins."""
    if "denied" in answers:
        return False
    return True if "granted" in answers else None
