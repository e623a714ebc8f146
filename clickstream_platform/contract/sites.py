"""Which sites are search engines, social networks, video and shopping sites.

Facts after Google's published list of source categories (support.google.com/analytics/answer/9756891), kept short: a
site stands for its bare name (`facebook`), its host and every host below it (`m.facebook.com`).
"""

from functools import lru_cache
from typing import Literal

Category = Literal["search", "social", "video", "shopping"]

# Search engines with many national hosts: any `google.<public suffix>`, without or with one of the subdomains below.
_SEARCH_BRANDS = [
    "google",
    "bing",
    "yahoo",
    "yandex",
    "baidu",
    "duckduckgo",
    "ecosia",
    "naver",
    "seznam",
    "qwant",
    "sogou",
    "startpage",
    "ask",
    "aol",
    "daum",
    "rambler",
    "lycos",
    "dogpile",
    "startsiden",
    "onet",
    "virgilio",
    "najdi",
    "eniro",
    "exalead",
    "biglobe",
    "auone",
    "globo",
    "babylon",
    "terra",
    "kvasir",
    "msn",
    "excite",
    "brave",
    "mojeek",
    "swisscows",
    "metager",
    "gigablast",
    "search-results",
    "360",
    "so",
]
_SEARCH_SUBDOMAINS = {
    "",
    "www",
    "m",
    "cn",
    "cse",
    "search",
    "images",
    "news",
    "lite",
    "ntp",
    "suche",
    "websearch",
}

_HOSTS: dict[Category, str] = {
    "search": """360.cn so.com search.brave.com go.mail.ru search.ukr.net centrum.cz tut.by biglobe.ne.jp
        search.smt.docomo.ne.jp rakuten.co.jp sp-web.search.auone.jp shopping-search.google.com ecosia.org
        com.google.android.googlequicksearchbox""",
    "social": """facebook.com fb.com fb.me instagram.com threads.net threads.com messenger.com whatsapp.com wa.me
        twitter.com t.co x.com linkedin.com lnkd.in pinterest.com pin.it reddit.com snapchat.com tiktok.com tumblr.com
        vk.com vkontakte.ru ok.ru odnoklassniki.ru weibo.com wechat.com renren.com douban.com qzone.qq.com line.me
        kakao.com mixi.jp ameblo.jp hatena.ne.jp note.com bsky.app mastodon.social discord.com telegram.org t.me
        quora.com medium.com stackoverflow.com stackexchange.com superuser.com serverfault.com askubuntu.com
        news.ycombinator.com slashdot.org digg.com disqus.com flickr.com foursquare.com goodreads.com meetup.com
        livejournal.com wordpress.com blogspot.com blogger.com typepad.com weebly.com wattpad.com deviantart.com
        artstation.com pixiv.net ravelry.com houzz.com yelp.com tripadvisor.com trustpilot.com glassdoor.com xing.com
        viadeo.com academia.edu researchgate.net slideshare.net scribd.com scoop.it paper.li flipboard.com
        getpocket.com instapaper.com nextdoor.com meneame.net taringa.net gutefrage.net plurk.com skyrock.com
        hootsuite.com myspace.com last.fm fandom.com buzzfeed.com cafemom.com care2.com couchsurfing.org yammer.com
        groups.google.com plus.google.com sites.google.com blog.naver.com cafe.naver.com kin.naver.com
        chiebukuro.yahoo.co.jp answers.yahoo.com lemon8-app.com zalo.me badoo.com hi5.com tagged.com typeform.com
        com.facebook.katana com.instagram.android com.twitter.android com.linkedin.android com.reddit.frontpage
        com.pinterest""",
    "video": """youtube.com youtu.be vimeo.com dailymotion.com twitch.tv netflix.com hulu.com disneyplus.com
        crunchyroll.com ted.com wistia.com wistia.net rutube.ru bilibili.com nicovideo.jp iqiyi.com iq.com youku.com
        tudou.com veoh.com crackle.com curiositystream.com d.tube odysee.com rumble.com utreon.com
        com.google.android.youtube""",
    "shopping": """amazon.com ebay.com etsy.com walmart.com alibaba.com aliexpress.com shopify.com shop.app
        mercadolibre.com shopzilla.com shopping.yahoo.com shopping.yahoo.co.jp shopping.naver.com shopping.net
        shopping.google.com igshopping.com google-shopping.com simplycodes.com stripe.com idealo.de idealo.co.uk
        pricerunner.com pricespy.co.uk kelkoo.com zalando.com temu.com shein.com target.com wish.com""",
}
_NATIONAL: dict[str, Category] = {
    "amazon": "shopping",
    "ebay": "shopping",
    "mercadolibre": "shopping",
    "pinterest": "social",
}
_NAMES: dict[str, Category] = {
    "fb": "social",
    "ig": "social",
    "insta": "social",
    "igshopping": "shopping",
    "google shopping": "shopping",
    "googleplus": "social",
    "google+": "social",
    "googlemybusiness": "search",
    "google-play": "search",
    "hackernews": "social",
    "meta": "social",
    "hatena": "social",
    "niconico": "social",
    "vkontakte": "social",
}
_BY_HOST: dict[str, Category] = {host: category for category, hosts in _HOSTS.items() for host in hosts.split()}
# The bare name of a host with one dot is what people write in utm_source: `facebook`, not `facebook.com`.
_BY_NAME: dict[str, Category] = {
    **{host.split(".")[0]: category for host, category in _BY_HOST.items() if host.count(".") == 1 and len(host) > 6},
    **dict.fromkeys(_SEARCH_BRANDS, "search"),
    **_NATIONAL,
    **_NAMES,
}


@lru_cache(maxsize=65_536)
def site_category(source: str) -> Category | None:
    """The category of a traffic source, given as a bare name or a host, in any case; None when it is in no list."""
    name = source.strip().lower()
    if "." not in name:
        return _BY_NAME.get(name)
    labels = name.split(".")
    for start in range(len(labels) - 1):
        if category := _BY_HOST.get(".".join(labels[start:])):
            return category
    brand, subdomain = _brand(name)
    if brand in _NATIONAL:
        return _NATIONAL[brand]
    return "search" if brand in _SEARCH_BRANDS and _is_search_subdomain(subdomain) else None


@lru_cache(maxsize=65_536)
def search_engine(host: str) -> str | None:
    """The name of the search engine that a referring host belongs to (`www.google.co.uk` is `google`), else None."""
    if site_category(host) != "search":
        return None
    if host == "com.google.android.googlequicksearchbox":
        return "google"
    return _brand(host)[0]


def _brand(host: str) -> tuple[str, str]:
    from clickstream_platform.contract.urls import registrable_domain

    domain = registrable_domain(host)
    return domain.split(".")[0], host.removesuffix(domain).rstrip(".")


def _is_search_subdomain(subdomain: str) -> bool:
    # `uk.search.yahoo.com` as well as `www.google.de`, but not `mail.google.com`.
    return subdomain in _SEARCH_SUBDOMAINS or subdomain.endswith(".search")
