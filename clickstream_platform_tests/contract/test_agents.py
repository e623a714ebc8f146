import pytest
from hypothesis import given
from hypothesis import strategies as st

from clickstream_platform.contract.agents import read_agent

CHROME = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/122.0.0.0"


@pytest.mark.parametrize(
    ("agent", "device"),
    [
        (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {CHROME} Safari/537.36", "desktop"),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/17.3 Safari/605.1.15",
            "desktop",
        ),
        (f"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {CHROME} Safari/537.36", "desktop"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_3 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148", "mobile"),
        (f"Mozilla/5.0 (Linux; Android 14; Pixel 8) {CHROME} Mobile Safari/537.36", "mobile"),
        (f"Mozilla/5.0 (Linux; Android 13; SM-X900) {CHROME} Safari/537.36", "tablet"),
        ("Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148", "tablet"),
        (f"Mozilla/5.0 (SMART-TV; Linux; Tizen 6.0) {CHROME} TV Safari/537.36", "tv"),
        ("Mozilla/5.0 (PlayStation; PlayStation 5/2.26) AppleWebKit/605.1.15", "tv"),
        ("ShopApp", "unknown"),
        ("", "unknown"),
    ],
)
def test_device_class(agent: str, device: str) -> None:
    assert read_agent(agent) == (device, False)


@pytest.mark.parametrize(
    "agent",
    [
        "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
        "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.1; +https://openai.com/gptbot)",
        "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
        "AhrefsBot/7.0",
        "python-requests/2.31.0",
        "curl/8.4.0",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 HeadlessChrome/120.0.0.0 Safari/537.36",
        "my own crawler",
    ],
)
def test_crawlers_and_scripts_are_bots(agent: str) -> None:
    assert read_agent(agent) == ("bot", True)


@given(st.text(max_size=80))
def test_any_text_is_an_agent(text: str) -> None:
    agent = read_agent(text)
    assert agent.is_bot == (agent.device_type == "bot")
