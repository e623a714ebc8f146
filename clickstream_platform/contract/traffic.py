"""Where an event came from: source, medium, campaign, click id and channel, from its page, referrer and utm fields."""

from typing import NamedTuple, cast

from clickstream_platform.contract.channels import DIRECT_SOURCE, NO_MEDIUM, NOT_SET, channel_group
from clickstream_platform.contract.privacy import redact_text
from clickstream_platform.contract.sites import search_engine
from clickstream_platform.contract.urls import parse_url, registrable_domain, without_www

# In the order in which one of several on the same address is believed.
CLICK_IDS = ("gclid", "gbraid", "wbraid", "dclid", "msclkid", "ttclid", "twclid", "li_fat_id", "fbclid")

# Google's auto-tagging overrides what the address says otherwise.
_GOOGLE_ADS = {"gclid", "gbraid", "wbraid"}

# Where no utm_source is given. Facebook adds fbclid to unpaid links too, so it tells the source, not that it was paid.
_SOURCE_OF_CLICK = {
    "dclid": ("dv360", "cpm"),
    "msclkid": ("bing", "cpc"),
    "ttclid": ("tiktok", "cpc"),
    "twclid": ("twitter", "cpc"),
    "li_fat_id": ("linkedin", "cpc"),
    "fbclid": ("facebook", "referral"),
}


class Page(NamedTuple):
    """What an address tells: bronze's page columns, and what the origin of the event follows from.

    Attributes:
        tags: utm_source, utm_medium, utm_campaign, utm_term and utm_content of the address.
    """

    page_url: str | None
    page_path: str | None
    click_id: str | None
    click_id_type: str | None
    host: str
    tags: "Tags"


class Referrer(NamedTuple):
    """The referring address without personal data, and its host."""

    referrer: str | None
    referrer_host: str | None


class Origin(NamedTuple):
    """Where an event came from; the fields are bronze's columns of the same name.

    Attributes:
        has_source: An outside source is known, i.e. the event is not direct.
        touched: The event carries utm fields or a click id.
    """

    source: str
    medium: str
    campaign: str | None
    term: str | None
    content: str | None
    channel: str
    has_source: bool
    touched: bool


Tags = tuple[str | None, str | None, str | None, str | None, str | None]
"""utm_source, utm_medium, utm_campaign, utm_term and utm_content."""

NO_TAGS: Tags = (None, None, None, None, None)
_TAG_NAMES = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")
_NO_PAGE = Page(None, None, None, None, "", NO_TAGS)
_NO_REFERRER = Referrer(None, None)


def read_page(url: str | None) -> Page:
    """What an event's address tells. Total over any text."""
    if not url or url.isspace():
        return _NO_PAGE
    page = parse_url(url)
    if not (parameters := page.parameters):
        return Page(page.url, page.path, None, None, page.host, NO_TAGS)
    tags = cast("Tags", tuple(_tag(parameters.get(name)) for name in _TAG_NAMES))
    click_id_type = next((name for name in CLICK_IDS if parameters.get(name)), None)
    click_id = parameters[click_id_type] if click_id_type else None
    return Page(page.url, page.path, click_id, click_id_type, page.host, tags)


def read_referrer(referrer: str | None) -> Referrer:
    """What an event's referrer tells. Total over any text."""
    if not referrer or referrer.isspace():
        return _NO_REFERRER
    address = parse_url(referrer)
    return Referrer(address.url, address.host or None)


def read_origin(page: Page, referrer: Referrer, tags: Tags = NO_TAGS, shop_domains: tuple[str, ...] = ()) -> Origin:
    """Source, medium, campaign and channel of an event; `tags` given with the event win over the address's.

    Depends on the page's host, tags and click id type alone, and on the referrer's host.
    """
    source, medium, campaign, term, content = (
        _tag(given) or found for given, found in zip(tags, page.tags, strict=True)
    )
    touched = any((source, medium, campaign, term, content, page.click_id_type))
    host = referrer.referrer_host
    outside = None if _is_internal(host, page.host, shop_domains) else host
    source, medium = _source_and_medium(source, medium, page.click_id_type, outside, tagged=touched)
    channel = channel_group(source, medium, campaign)
    return Origin(source, medium, campaign, term, content, channel, source != DIRECT_SOURCE, touched)


def _tag(value: str | None) -> str | None:
    return (redact_text(value.strip()) or None) if value else None


def _source_and_medium(
    source: str | None, medium: str | None, click_id_type: str | None, outside: str | None, *, tagged: bool
) -> tuple[str, str]:
    if click_id_type in _GOOGLE_ADS:
        return "google", "cpc"
    if source:
        return source, medium or NOT_SET
    if click_id_type:
        clicked_source, clicked_medium = _SOURCE_OF_CLICK[click_id_type]
        return clicked_source, medium or clicked_medium
    if outside:
        engine = search_engine(outside)
        return engine or without_www(outside), medium or ("organic" if engine else "referral")
    return (NOT_SET, medium or NOT_SET) if tagged else (DIRECT_SOURCE, NO_MEDIUM)


def _is_internal(referrer_host: str | None, page_host: str, shop_domains: tuple[str, ...]) -> bool:
    if not referrer_host:
        return True
    if any(referrer_host == domain or referrer_host.endswith(f".{domain}") for domain in shop_domains):
        return True
    if not page_host:
        return False
    return referrer_host == page_host or registrable_domain(referrer_host) == registrable_domain(page_host)
