"""GA4's default channel group: Google's published rules for manual traffic, in Google's order.

Source: "[GA4] Default channel group", support.google.com/analytics/answer/9756891. Matching ignores case, as there.
"""

import re
from functools import lru_cache
from typing import Literal, get_args

from clickstream_platform.contract.sites import site_category

Channel = Literal[
    "Direct",
    "Cross-network",
    "Paid Shopping",
    "Paid Search",
    "Paid Social",
    "Paid Video",
    "Display",
    "Paid Other",
    "Organic Shopping",
    "Organic Social",
    "Organic Video",
    "Organic Search",
    "Referral",
    "Email",
    "Affiliates",
    "Audio",
    "SMS",
    "Mobile Push Notifications",
    "Unassigned",
]
CHANNELS: tuple[str, ...] = get_args(Channel)

DIRECT_SOURCE = "(direct)"
NO_MEDIUM = "(none)"
NOT_SET = "(not set)"

_PAID = re.compile(r"^(.*cp.*|ppc|retargeting|paid.*)$")
_SHOPPING_CAMPAIGN = re.compile(r"^(.*(([^a-df-z]|^)shop|shopping).*)$")
_VIDEO_MEDIUM = re.compile(r"^(.*video.*)$")
_EMAIL = re.compile(r"^(email|e-mail|e_mail|e mail)$")
_DISPLAY = frozenset(("display", "banner", "expandable", "interstitial", "cpm"))
_SOCIAL = frozenset(("social", "social-network", "social-media", "sm", "social network", "social media"))
_REFERRAL = frozenset(("referral", "app", "link"))


@lru_cache(maxsize=65_536)
def channel_group(source: str, medium: str, campaign: str | None) -> Channel:
    """The channel of a source, a medium and a campaign name; `Unassigned` where no rule matches."""
    source, medium, name = source.strip().lower(), medium.strip().lower(), (campaign or "").strip().lower()
    if source == DIRECT_SOURCE and medium in (NOT_SET, NO_MEDIUM):
        return "Direct"
    if "cross-network" in name:
        return "Cross-network"
    category = site_category(source)
    shopping = category == "shopping" or bool(_SHOPPING_CAMPAIGN.match(name))
    return _paid(category, medium, shopping=shopping) or _organic(source, category, medium, shopping=shopping)


def _paid(category: str | None, medium: str, *, shopping: bool) -> Channel | None:
    paid = bool(_PAID.match(medium))
    if paid and shopping:
        return "Paid Shopping"
    if paid and category == "search":
        return "Paid Search"
    if paid and category == "social":
        return "Paid Social"
    if paid and category == "video":
        return "Paid Video"
    if medium in _DISPLAY:
        return "Display"
    return "Paid Other" if paid else None


def _organic(source: str, category: str | None, medium: str, *, shopping: bool) -> Channel:
    if shopping:
        return "Organic Shopping"
    if category == "social" or medium in _SOCIAL:
        return "Organic Social"
    if category == "video" or _VIDEO_MEDIUM.match(medium):
        return "Organic Video"
    if category == "search" or medium == "organic":
        return "Organic Search"
    if medium in _REFERRAL:
        return "Referral"
    if _EMAIL.match(source) or _EMAIL.match(medium):
        return "Email"
    if medium == "affiliate":
        return "Affiliates"
    if medium == "audio":
        return "Audio"
    if "sms" in (source, medium):
        return "SMS"
    if medium.endswith("push") or "mobile" in medium or "notification" in medium or source == "firebase":
        return "Mobile Push Notifications"
    return "Unassigned"
