"""GA4's default channel group, rule by rule (support.google.com/analytics/answer/9756891)."""

import pytest

from clickstream_platform.contract.channels import CHANNELS, channel_group

TABLE = [
    ("(direct)", "(none)", None, "Direct"),
    ("(direct)", "(not set)", None, "Direct"),
    ("(direct)", "email", None, "Email"),
    ("google", "cpc", "Cross-network 2024", "Cross-network"),
    ("amazon.com", "cpc", None, "Paid Shopping"),
    ("google", "cpc", "spring shop", "Paid Shopping"),
    ("google", "ppc", "shopping-feed", "Paid Shopping"),
    ("google", "cpc", "workshop", "Paid Search"),
    ("google", "cpc", None, "Paid Search"),
    ("Google", "CPC", None, "Paid Search"),
    ("bing", "paidsearch", None, "Paid Search"),
    ("www.google.co.uk", "retargeting", None, "Paid Search"),
    ("facebook", "cpc", None, "Paid Social"),
    ("m.facebook.com", "paid", None, "Paid Social"),
    ("tiktok", "paid_social", None, "Paid Social"),
    ("youtube", "cpv", None, "Paid Video"),
    ("youtube", "cpc", None, "Paid Video"),
    ("vimeo.com", "ppc", None, "Paid Video"),
    ("news.example", "display", None, "Display"),
    ("news.example", "banner", None, "Display"),
    ("news.example", "interstitial", None, "Display"),
    ("news.example", "expandable", None, "Display"),
    ("partner", "cpm", None, "Display"),
    ("partner", "cpc", None, "Paid Other"),
    ("partner", "paid-content", None, "Paid Other"),
    ("ebay", "referral", None, "Organic Shopping"),
    ("blog.example", "referral", "summer shop", "Organic Shopping"),
    ("facebook", "referral", None, "Organic Social"),
    ("blog.example", "social-media", None, "Organic Social"),
    ("blog.example", "sm", None, "Organic Social"),
    ("youtube", "referral", None, "Organic Video"),
    ("blog.example", "videoad", None, "Organic Video"),
    ("google", "organic", None, "Organic Search"),
    ("duckduckgo.com", "(not set)", None, "Organic Search"),
    ("intranet.example", "organic", None, "Organic Search"),
    ("blog.example", "referral", None, "Referral"),
    ("blog.example", "app", None, "Referral"),
    ("blog.example", "link", None, "Referral"),
    ("newsletter", "email", None, "Email"),
    ("e-mail", "(not set)", None, "Email"),
    ("newsletter", "e mail", None, "Email"),
    ("partner", "affiliate", None, "Affiliates"),
    ("spot", "audio", None, "Audio"),
    ("sms", "(not set)", None, "SMS"),
    ("crm", "sms", None, "SMS"),
    ("app", "push", None, "Mobile Push Notifications"),
    ("app", "web_push", None, "Mobile Push Notifications"),
    ("app", "mobile_message", None, "Mobile Push Notifications"),
    ("app", "notification", None, "Mobile Push Notifications"),
    ("firebase", "x", None, "Mobile Push Notifications"),
    ("poster", "qr", None, "Unassigned"),
    ("(not set)", "(not set)", None, "Unassigned"),
]


@pytest.mark.parametrize(("source", "medium", "campaign", "channel"), TABLE)
def test_channel(source: str, medium: str, campaign: str | None, channel: str) -> None:
    assert channel_group(source, medium, campaign) == channel


def test_the_table_covers_every_channel() -> None:
    assert {row[3] for row in TABLE} == set(CHANNELS)
