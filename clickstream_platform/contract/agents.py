"""What a user agent says: a crawler or not, and the class of the device."""

import re
from functools import cache, lru_cache
from typing import Literal, NamedTuple

DeviceType = Literal["desktop", "mobile", "tablet", "tv", "bot", "unknown"]

_TV = re.compile(
    r"smart-?tv|appletv|apple tv|googletv|android tv|hbbtv|\bbravia|crkey|roku|web0s|netcast|viera|tizen.*\btv\b|"
    r"\baft[a-z0-9]+\b|xbox|playstation|nintendo",
    re.IGNORECASE,
)
_TABLET = re.compile(r"ipad|tablet|kindle|silk/|playbook|nexus (7|9|10)|android(?!.*mobile)", re.IGNORECASE)
_MOBILE = re.compile(
    r"mobi|iphone|ipod|android|windows phone|blackberry|bb10|opera mini|opera mobi|webos|okhttp|cfnetwork",
    re.IGNORECASE,
)
_DESKTOP = re.compile(r"windows nt|windows;|macintosh|mac os x|x11|linux|cros|freebsd", re.IGNORECASE)
# Clients that no list of crawlers names, since some people call them on purpose; none of them is a shopper.
_SCRIPTED = re.compile(r"headlesschrome|phantomjs|puppeteer|playwright|selenium|\bbot\b|crawler|spider", re.IGNORECASE)


class Agent(NamedTuple):
    """The reading of one user agent."""

    device_type: DeviceType
    is_bot: bool


@lru_cache(maxsize=65_536)
def read_agent(user_agent: str) -> Agent:
    """Device class and crawler flag of a user agent; an empty one is unknown and no crawler."""
    if not user_agent:
        return Agent("unknown", False)
    if _crawlers().search(user_agent) or _SCRIPTED.search(user_agent):
        return Agent("bot", True)
    return Agent(_device(user_agent), False)


def _device(user_agent: str) -> DeviceType:
    if _TV.search(user_agent):
        return "tv"
    if _TABLET.search(user_agent):
        return "tablet"
    if _MOBILE.search(user_agent):
        return "mobile"
    return "desktop" if _DESKTOP.search(user_agent) else "unknown"


@cache
def _crawlers() -> re.Pattern[str]:
    """All patterns of the crawler-user-agents list (github.com/monperrus/crawler-user-agents) as one expression."""
    from crawleruseragents import CRAWLER_USER_AGENTS_DATA

    return re.compile("|".join(f"(?:{entry['pattern']})" for entry in CRAWLER_USER_AGENTS_DATA))
