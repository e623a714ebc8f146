"""Where visitors come from: each origin with the channel, source, medium and campaign that a shop must find for it.

Channels are those of Google Analytics 4's default channel group. The names here are stated, never worked out: they are
what the platform's own rules are held against.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Campaign:
    """One origin of visits.

    Attributes:
        channel: GA4 default channel group.
        source: Traffic source, `(direct)` for none.
        medium: Traffic medium, `(none)` for none.
        campaign: Campaign name, None for unpaid origins.
        query: UTM parameters of the landing address.
        click_id: Name of the click identifier that the landing address carries.
        referrer: Page the visitor comes from.
        weight: Share of visits, relative.
        has_ad: Whether the click on the advertisement is an event too.
        click_cents: What a click costs, 0 for what is free.
    """

    channel: str
    source: str
    medium: str
    campaign: str | None = None
    query: str = ""
    click_id: str = ""
    referrer: str = ""
    weight: int = 1
    has_ad: bool = False
    click_cents: int = 0

    @property
    def is_touch(self) -> bool:
        """Whether a landing from here carries marketing data (UTM parameters or a click id)."""
        return bool(self.query or self.click_id)


def _tagged(
    channel: str,
    source: str,
    medium: str,
    campaign: str,
    weight: int,
    *,
    more: str = "",
    click_id: str = "",
    referrer: str = "",
    has_ad: bool = True,
    click_cents: int = 0,
) -> Campaign:
    query = f"utm_source={source}&utm_medium={medium}&utm_campaign={campaign}{more}"
    return Campaign(channel, source, medium, campaign, query, click_id, referrer, weight, has_ad, click_cents)


CAMPAIGNS: tuple[Campaign, ...] = (
    Campaign("Direct", "(direct)", "(none)", weight=260),
    Campaign("Organic Search", "google", "organic", referrer="https://www.google.com/", weight=170),
    Campaign("Organic Search", "bing", "organic", referrer="https://www.bing.com/", weight=25),
    Campaign("Organic Search", "duckduckgo", "organic", referrer="https://duckduckgo.com/", weight=15),
    Campaign("Referral", "reviews.example.org", "referral", referrer="https://reviews.example.org/mugs", weight=30),
    Campaign("Referral", "blog.gardenlife.net", "referral", referrer="https://blog.gardenlife.net/tea", weight=20),
    Campaign("Organic Social", "l.instagram.com", "referral", referrer="https://l.instagram.com/", weight=30),
    Campaign("Organic Social", "t.co", "referral", referrer="https://t.co/k3Jd9", weight=15),
    Campaign("Organic Video", "m.youtube.com", "referral", referrer="https://m.youtube.com/watch", weight=12),
    Campaign(
        "Paid Search", "google", "cpc", click_id="gclid", referrer="https://www.google.com/", weight=30, click_cents=45
    ),
    _tagged(
        "Paid Search",
        "google",
        "cpc",
        "brand",
        70,
        more="&utm_term=handmade+mugs&utm_content=text_a",
        click_id="gclid",
        referrer="https://www.google.com/",
        click_cents=30,
    ),
    _tagged(
        "Paid Search",
        "bing",
        "cpc",
        "generic",
        20,
        click_id="msclkid",
        referrer="https://www.bing.com/",
        click_cents=40,
    ),
    _tagged("Paid Shopping", "google", "cpc", "spring_shopping", 45, click_id="gclid", click_cents=35),
    _tagged("Cross-network", "google", "cpc", "cross-network_all", 15, click_id="gclid", click_cents=38),
    _tagged(
        "Paid Social",
        "facebook",
        "paid_social",
        "spring_look",
        50,
        more="&utm_content=carousel_2",
        click_id="fbclid",
        click_cents=55,
    ),
    _tagged("Paid Social", "tiktok", "cpc", "creator_clips", 20, click_id="ttclid", click_cents=48),
    _tagged("Paid Video", "youtube", "cpv", "unboxing", 12, click_cents=12),
    _tagged("Display", "adnetwork", "display", "retargeting_q2", 25, click_cents=20),
    _tagged("Paid Other", "partnernet", "cpc", "partners", 8, click_cents=25),
    _tagged("Email", "newsletter", "email", "weekly_deals", 60, has_ad=False, click_cents=2),
    _tagged("Affiliates", "dealsite", "affiliate", "coupons", 20, click_cents=60),
    _tagged("SMS", "sms", "sms", "flash_sale", 8, has_ad=False, click_cents=6),
    _tagged("Mobile Push Notifications", "app", "push", "back_in_stock", 8, has_ad=False),
    _tagged("Audio", "podcast", "audio", "host_read", 6, has_ad=False, click_cents=80),
    _tagged("Organic Social", "influencer", "social", "unpaid_mention", 10, has_ad=False),
    _tagged("Organic Shopping", "pricewatch", "listing", "shopping_compare", 6, has_ad=False),
    _tagged("Unassigned", "poster", "qr_code", "city_walls", 5, has_ad=False),
)

DIRECT = 0
AD_CAMPAIGNS: tuple[int, ...] = tuple(number for number, campaign in enumerate(CAMPAIGNS) if campaign.has_ad)
EMAIL_CAMPAIGN: int = next(number for number, campaign in enumerate(CAMPAIGNS) if campaign.channel == "Email")
