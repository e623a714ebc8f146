"""Addresses, click ids and referrers, and the origin that follows from them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clickstream_platform.contract.traffic import Origin, read_origin, read_page, read_referrer
from clickstream_platform.contract.urls import parse_url, registrable_domain

SHOP = "https://shop.example.com/p/1"


def origin(url: str | None = SHOP, referrer: str | None = None, **settings: tuple[str, ...]) -> Origin:
    return read_origin(read_page(url), read_referrer(referrer), **settings)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("url", "host", "path"),
    [
        ("https://Shop.Example.com:8443/A/b?x=1#frag", "shop.example.com", "/A/b"),
        ("https://user:pw@shop.example.com/", "shop.example.com", "/"),
        ("https://shop.example.com", "shop.example.com", "/"),
        ("https://shop.example.com?x=1", "shop.example.com", "/"),
        ("//cdn.example.com/a", "cdn.example.com", "/a"),
        ("/cart?step=2", "", "/cart"),
        ("android-app://com.google.android.gm", "com.google.android.gm", "/"),
        ("http://[::1]:80/x", "[::1]", "/x"),
        ("https://exämple.de/ü", "exämple.de", "/ü"),
    ],
)
def test_an_address_is_taken_apart(url: str, host: str, path: str) -> None:
    address = parse_url(url)
    assert (address.host, address.path) == (host, path)


def test_credentials_and_fragment_are_left_out() -> None:
    assert parse_url("https://jane:secret@shop.example.com/a#top").url == "https://shop.example.com/a"


def test_parameters_are_decoded_and_the_first_of_a_name_counts() -> None:
    parameters = parse_url("/?UTM_Source=a%20b&utm_source=c&q=x+y&flag&=&k=%zz").parameters
    assert parameters["utm_source"] == "a b"
    assert parameters["q"] == "x y"
    assert parameters["k"] == "%zz"


@given(st.text(max_size=60))
def test_any_text_is_an_address(text: str) -> None:
    for url in (text, f"https://{text}", f"https://shop.example.com/?{text}"):
        assert read_page(url).page_path is None or read_page(url).page_path.startswith("/")  # type: ignore[union-attr]
        assert origin(url, url).channel


@pytest.mark.parametrize("host", ["shop.example.co.uk", "a.b.example.co.uk"])
def test_a_registrable_domain_follows_the_public_suffix_list(host: str) -> None:
    assert registrable_domain(host) == "example.co.uk"


@pytest.mark.parametrize("name", ["gclid", "gbraid", "wbraid"])
def test_a_google_click_id_means_google_cpc_whatever_else_is_said(name: str) -> None:
    read = origin(f"{SHOP}?utm_source=newsletter&utm_medium=email&{name}=abc", "https://blog.example/")
    assert (read.source, read.medium, read.channel) == ("google", "cpc", "Paid Search")
    assert read.touched


@pytest.mark.parametrize(
    ("parameter", "source", "medium", "channel"),
    [
        ("msclkid", "bing", "cpc", "Paid Search"),
        ("ttclid", "tiktok", "cpc", "Paid Social"),
        ("twclid", "twitter", "cpc", "Paid Social"),
        ("li_fat_id", "linkedin", "cpc", "Paid Social"),
        ("fbclid", "facebook", "referral", "Organic Social"),
        ("dclid", "dv360", "cpm", "Display"),
    ],
)
def test_a_click_id_tells_the_source_where_nothing_else_does(
    parameter: str, source: str, medium: str, channel: str
) -> None:
    page = read_page(f"{SHOP}?{parameter}=xyz")
    assert (page.click_id, page.click_id_type) == ("xyz", parameter)
    read = origin(f"{SHOP}?{parameter}=xyz")
    assert (read.source, read.medium, read.channel) == (source, medium, channel)


def test_utm_source_wins_over_other_click_ids() -> None:
    read = origin(f"{SHOP}?utm_source=partner&utm_medium=cpc&msclkid=1")
    assert (read.source, read.medium) == ("partner", "cpc")


def test_tags_given_with_the_event_win_over_the_address() -> None:
    page = read_page(f"{SHOP}?utm_source=a&utm_medium=b&utm_campaign=c")
    read = read_origin(page, read_referrer(None), ("x", None, None, None, None))
    assert (read.source, read.medium, read.campaign) == ("x", "b", "c")


@pytest.mark.parametrize(
    ("referrer", "source", "medium", "channel"),
    [
        ("https://www.google.co.uk/", "google", "organic", "Organic Search"),
        ("https://uk.search.yahoo.com/x", "yahoo", "organic", "Organic Search"),
        ("https://mail.google.com/", "mail.google.com", "referral", "Referral"),
        ("https://www.facebook.com/", "facebook.com", "referral", "Organic Social"),
        ("https://www.youtube.com/", "youtube.com", "referral", "Organic Video"),
        ("https://blog.example/post", "blog.example", "referral", "Referral"),
        ("android-app://com.google.android.googlequicksearchbox/", "google", "organic", "Organic Search"),
    ],
)
def test_a_foreign_referrer_is_the_source(referrer: str, source: str, medium: str, channel: str) -> None:
    read = origin(SHOP, referrer)
    assert (read.source, read.medium, read.channel, read.has_source) == (source, medium, channel, True)
    assert not read.touched


@pytest.mark.parametrize("referrer", [None, "", SHOP, "https://help.example.com/", "/relative"])
def test_an_own_or_no_referrer_is_direct(referrer: str | None) -> None:
    read = origin(SHOP, referrer)
    assert (read.source, read.medium, read.channel, read.has_source) == ("(direct)", "(none)", "Direct", False)


def test_referrals_from_the_shops_other_domains_are_internal() -> None:
    assert origin(SHOP, "https://pay.partner.example/", shop_domains=("partner.example",)).channel == "Direct"
    assert origin(SHOP, "https://notpartner.example/", shop_domains=("partner.example",)).channel == "Referral"


def test_a_medium_without_a_source_is_kept_with_source_not_set() -> None:
    read = origin(f"{SHOP}?utm_medium=email")
    assert (read.source, read.medium, read.channel) == ("(not set)", "email", "Email")
