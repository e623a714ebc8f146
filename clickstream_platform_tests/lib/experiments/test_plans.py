"""The file of experiments: what it says, and what is said of it when it makes no sense."""

from datetime import date
from pathlib import Path

import pytest

from clickstream_platform.lib.experiments import PlansError, load_plans
from clickstream_platform.transforms import ExperimentSpan

GOOD = """
[defaults]
pre_period_days = 7
confidence_level = 0.9

[experiments.button]
control = "A"
start = 2024-03-04
end = 2024-03-31
conversion_window_days = 3
allocation = { A = 9, B = 1 }

[experiments."free delivery"]
pre_period_days = 0
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "experiments.toml"
    path.write_text(text)
    return path


def test_plans_are_read_and_defaults_fill_them(tmp_path: Path) -> None:
    plans = load_plans(written(tmp_path, GOOD))
    button = plans.of("button")
    assert (button.control, button.allocation, button.confidence_level) == ("A", {"A": 9, "B": 1}, 0.9)
    assert plans.spans == {
        "button": ExperimentSpan(date(2024, 3, 4), date(2024, 3, 31), 3, 7),
        "free delivery": ExperimentSpan(pre_period_days=0),
    }
    assert plans.of("another").span == ExperimentSpan(pre_period_days=7)


def test_without_a_file_every_experiment_is_as_by_default() -> None:
    assert load_plans(None).of("button").span == ExperimentSpan(None, None, None, 14)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[experiments.button\n", "no TOML: "),
        ("[experiment.button]\n", "experiment: unknown; put it below [defaults] or [experiments.<name>]"),
        ("experiments = 3\n", "experiments: write it as a table, [experiments...]"),
        ("[experiments]\nbutton = 3\n", "experiments.button: write it as a table, [experiments.button]"),
        ("[experiments.button]\ncontrl = 'A'\n", "experiments.button.contrl: unknown; the keys are "),
        ("[defaults]\ncontrol = 'A'\n", "defaults.control: unknown; the keys are conversion_window_days, "),
        ("[experiments.button]\nstart = 'soon'\n", "experiments.button.start: Input should be a valid date"),
        (
            "[experiments.button]\nstart = 2024-03-02\nend = 2024-03-01\n",
            "experiments.button: end (2024-03-01) is before start (2024-03-02)",
        ),
        ("[experiments.button]\npre_period_days = -1\n", "experiments.button.pre_period_days: Input should be greater"),
        ("[experiments.button]\npre_period_days = 1.5\n", "pre_period_days: Input should be a valid integer, not 1.5"),
        ("[experiments.button]\nallocation = { A = 1 }\n", "button: allocation names fewer than two variants"),
        (
            "[experiments.button]\nallocation = { A = 1, B = 0 }\n",
            "button.allocation.B: Input should be greater than 0",
        ),
        ("[experiments.button]\nallocation = { A = 1, B = inf }\n", "button.allocation.B: Input should be a finite"),
        (
            "[experiments.button]\ncontrol = 'C'\nallocation = { A = 1, B = 1 }\n",
            "experiments.button: control 'C' is not among the variants of allocation",
        ),
        (
            "[experiments.button]\nconfidence_level = 95\n",
            "button.confidence_level: Input should be less than 1, not 95",
        ),
        ("[experiments.button]\nexpected_effect_sd = 0\n", "button.expected_effect_sd: Input should be greater than 0"),
    ],
)
def test_what_makes_no_sense_is_told_with_file_and_key(tmp_path: Path, text: str, said: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(PlansError) as error:
        load_plans(path)
    assert str(error.value).startswith(f"{path}: ")
    assert said in str(error.value)


def test_all_mistakes_of_an_experiment_are_told_at_once(tmp_path: Path) -> None:
    path = written(tmp_path, "[experiments.button]\nstart = 'x'\nconfidence_level = 7\n")
    with pytest.raises(PlansError, match=r"button\.confidence_level.*; .*button\.start"):
        load_plans(path)


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_file_that_cannot_be_read_names_the_setting(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "experiments.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(PlansError, match=f"{path}: cannot be read .*; correct CLICKSTREAM_EXPERIMENTS_FILE"):
        load_plans(path)
