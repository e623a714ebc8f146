"""Funnels as a file says them, and what is said of files that are wrong."""

from pathlib import Path

import pytest

from clickstream_platform.config import get_settings
from clickstream_platform.contract.funnels import ECOMMERCE, Condition, Funnel, FunnelStep
from clickstream_platform.lib.funnel_file import FunnelError, configured_funnels, read_funnels
from clickstream_platform_tests.test_docs import ROOT


def written(folder: Path, text: str) -> Path:
    path = folder / "funnels.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_without_a_file_there_is_the_ecommerce_funnel() -> None:
    assert configured_funnels() == (ECOMMERCE,)


def test_a_file_says_all_there_is_to_a_funnel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(
        tmp_path,
        """
        [funnels.mugs]
        within = "7d"
        breakdowns = ["channel"]
        steps = [
            { event = "search", label = "Looks for a mug", property = { search_term = ["mug", "cup"], page = 1 } },
            { event = "page_view", page_path_prefix = "/c/mugs", channel = ["Email", "Direct"] },
            "purchase",
        ]

        [funnels.short]
        steps = ["login", "purchase"]
        """,
    )
    monkeypatch.setenv("CLICKSTREAM_FUNNELS_FILE", str(path))
    get_settings.cache_clear()
    look = (Condition("property", ('"mug"', '"cup"'), "search_term"), Condition("property", ("1",), "page"))
    page = (Condition("channel", ("Email", "Direct")), Condition("page_path_prefix", ("/c/mugs",)))
    steps = (
        FunnelStep("search", "Looks for a mug", look),
        FunnelStep("page_view", "Page view", page),
        FunnelStep("purchase", "Purchase"),
    )
    short = Funnel("short", (FunnelStep("login", "Login"), FunnelStep("purchase", "Purchase")))
    assert configured_funnels() == (Funnel("mugs", steps, 7, ("channel",)), short)
    assert [funnel.reach for funnel in configured_funnels()] == [7, 1]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[funnels", "is no TOML"),
        ("", "defines no funnel. Add a section such as"),
        ("[funels.a]\nsteps = ['login', 'purchase']", "no key 'funels'. Did you mean 'funnels'?"),
        ("[funnels]\na = 3", "[funnels.a]: is no section"),
        ("[funnels.'a b']\nsteps = ['login', 'purchase']", "Use up to 64 letters, digits"),
        ("[funnels.all]\nsteps = ['login', 'purchase']", "not 'all'"),
        ("[funnels.a]\nwithin = '7d'", '[funnels.a]: steps are missing. Add steps = ["view_item", "purchase"]'),
        ("[funnels.a]\nsteps = ['login']", "a funnel has from 2 to 20 steps"),
        ("[funnels.a]\nsteps = 'login'", "a funnel has from 2 to 20 steps"),
        ("[funnels.a]\nsteps = ['login', 'purchas']", "step 2: there is no event 'purchas'. Did you mean 'purchase'?"),
        ("[funnels.a]\nsteps = ['login', 3]", "step 2: is neither an event name nor a table with an event"),
        ("[funnels.a]\nsteps = ['login', {label = 'x'}]", "step 2: is neither an event name nor a table"),
        ("[funnels.a]\nsteps = ['login', {event = 'login', label = ''}]", "the label is no text"),
        ("[funnels.a]\nsteps = ['login', {event = 'login', chanel = 'x'}]", "no key 'chanel'. Did you mean 'channel'?"),
        ("[funnels.a]\nsteps = ['login', {event = 'login', channel = []}]", "channel: is neither a text nor a list"),
        ("[funnels.a]\nsteps = ['login', {event = 'login', country = 1}]", "country: is neither a text nor a list"),
        ("[funnels.a]\nsteps = ['login', {event = 'login', property = 'x'}]", "property: is no table"),
        ("[funnels.a]\nsteps = ['login', {event = 'login', property = {x = {}}}]", "property x: is no text, number"),
        ("[funnels.a]\nsteps = ['login', {event = 'login', property = {x = nan}}]", "Write property = { x = 5 } or"),
        (
            "[funnels.a]\nsteps = ['login', {event = 'login', property = {x = -inf}}]",
            "property x: is no text, number",
        ),
        (
            "[funnels.a]\nsteps = ['login', {event = 'login', property = {x = 2024-03-01}}]",
            "property x: is no text, number",
        ),
        ("[funnels.a]\nsteps = ['login', 'purchase']\nwithin = 7", '7 is neither "session" nor a number of days'),
        ("[funnels.a]\nsteps = ['login', 'purchase']\nwithin = '91d'", 'from "1d" to "90d"'),
        ("[funnels.a]\nsteps = ['login', 'purchase']\nwithin = '0d'", 'from "1d" to "90d"'),
        ("[funnels.a]\nsteps = ['login', 'purchase']\nbreakdowns = ['device']", "Did you mean 'device_type'?"),
        ("[funnels.a]\nsteps = ['login', 'purchase']\nbreakdowns = ['channel', 'channel']", "names a breakdown twice"),
        ("[funnels.a]\nsteps = ['login', 'purchase']\nstep = []", "no key 'step'. Did you mean 'steps'?"),
    ],
)
def test_what_is_wrong_is_told_with_file_funnel_key_and_remedy(tmp_path: Path, text: str, said: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(FunnelError) as raised:
        read_funnels(path)
    assert said in str(raised.value)
    assert str(path) in str(raised.value)


def test_file_that_is_not_there_is_told_with_the_setting(tmp_path: Path) -> None:
    with pytest.raises(FunnelError, match=r"nowhere.toml: cannot be read .*CLICKSTREAM_FUNNELS_FILE, or unset it"):
        read_funnels(tmp_path / "nowhere.toml")


def test_a_file_may_begin_with_the_mark_that_editors_of_windows_write(tmp_path: Path) -> None:
    (funnel,) = read_funnels(written(tmp_path, "\ufeff[funnels.a]\r\nsteps = ['login', 'purchase']\r\n"))
    assert funnel.name == "a"


def test_the_example_in_the_documentation_is_right(tmp_path: Path) -> None:
    text = (ROOT / "docs/funnels.md").read_text(encoding="utf-8")
    example = text.split("```toml\n")[1].split("```")[0]
    assert [funnel.within for funnel in read_funnels(written(tmp_path, example))] == ["session", "7d"]


def test_the_asset_reads_as_many_days_as_the_longest_funnel_reaches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    import dagster as dg

    path = written(tmp_path, "[funnels.a]\nsteps = ['login', 'purchase']\nwithin = '12d'")
    monkeypatch.setenv("CLICKSTREAM_FUNNELS_FILE", str(path))
    get_settings.cache_clear()
    monkeypatch.delitem(sys.modules, "clickstream_platform.defs.gold.funnel_steps", raising=False)
    from clickstream_platform.defs.gold.funnel_steps import funnel_steps

    offsets = {
        key.path[-1]: (mapping.start_offset, mapping.end_offset)
        for key in funnel_steps.keys_by_input_name.values()
        for mapping in [funnel_steps.get_partition_mapping(key)]
        if isinstance(mapping, dg.TimeWindowPartitionMapping)
    }
    assert offsets == {"events_clean": (0, 12), "sessions": (-1, 0)}
