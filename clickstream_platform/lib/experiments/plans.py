"""What was planned of each experiment, from a TOML file; what it does not say is as for an experiment without plan.

[defaults]
pre_period_days = 14

[experiments.checkout_button]
control = "A"
start = 2024-03-04
end = 2024-03-31
conversion_window_days = 7
allocation = { A = 1, B = 1 }
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from clickstream_platform.transforms import ExperimentSpan

Days = Annotated[int, Field(ge=0, le=3_650, strict=True)]
Weight = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Model = TypeVar("Model", bound="Defaults")


class PlansError(ValueError):
    """The file of experiments cannot be used: which file, which key, and what to do."""


class Defaults(BaseModel):
    """What holds for every experiment that does not say otherwise.

    Attributes:
        conversion_window_days: Outcomes count on the day of the first exposure and so many days after it; without one,
            until the experiment ends.
        pre_period_days: Full days before the first exposure that the covariate is made of; 0 for none.
        confidence_level: Of all intervals, and 1 - alpha of the sequential test.
        expected_effect_sd: The uplift that the sequential test is sharpest for, in standard deviations of a visitor.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    conversion_window_days: Days | None = None
    pre_period_days: Days = 14
    confidence_level: float = Field(default=0.95, ge=0.5, lt=1)
    expected_effect_sd: float = Field(default=0.05, gt=0, le=10)


class Plan(Defaults):
    """An experiment.

    Attributes:
        control: The variant that the others are held against; without one `control`, else the first by name.
        start: First day (UTC) of exposures that count.
        end: Last day.
        allocation: Weight of each variant in the split; without one all are equal.
    """

    control: str | None = None
    start: date | None = None
    end: date | None = None
    allocation: Mapping[str, Weight] | None = None

    @model_validator(mode="after")
    def _agrees(self) -> "Plan":
        if self.start and self.end and self.end < self.start:
            raise ValueError(f"end ({self.end}) is before start ({self.start})")
        if self.allocation is not None and len(self.allocation) < 2:
            raise ValueError("allocation names fewer than two variants")
        if self.allocation is not None and self.control is not None and self.control not in self.allocation:
            raise ValueError(f"control {self.control!r} is not among the variants of allocation")
        return self

    @property
    def span(self) -> ExperimentSpan:
        """Its days, as the transform takes them."""
        return ExperimentSpan(self.start, self.end, self.conversion_window_days, self.pre_period_days)


@dataclass(frozen=True)
class Plans:
    """The plans of single experiments, and of all others."""

    single: Mapping[str, Plan] = field(default_factory=dict)
    default: Plan = field(default_factory=Plan)

    def of(self, experiment: str) -> Plan:
        """The plan of an experiment."""
        return self.single.get(experiment, self.default)

    @property
    def spans(self) -> dict[str, ExperimentSpan]:
        """Days of the planned experiments."""
        return {name: plan.span for name, plan in self.single.items()}


def load_plans(path: Path | None) -> Plans:
    """The plans of a file; those of no file are the defaults.

    Raises:
        PlansError: There is no such file, it is no TOML, or a key is unknown or has a value that makes no sense.
    """
    if path is None:
        return Plans()
    try:
        said = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise PlansError(f"{path}: cannot be read ({error}); correct CLICKSTREAM_EXPERIMENTS_FILE") from error
    except tomllib.TOMLDecodeError as error:
        raise PlansError(f"{path}: no TOML: {error}") from error
    known = ("defaults", "experiments")
    for key in said:
        if key not in known:
            raise PlansError(f"{path}: {key}: unknown; put it below [defaults] or [experiments.<name>]")
    defaults = _table(path, said, "defaults")
    default = _plan(path, "defaults", defaults, Defaults)
    experiments = _table(path, said, "experiments")
    single = {name: _plan(path, f"experiments.{name}", own, Plan, defaults) for name, own in experiments.items()}
    return Plans(single, Plan(**default.model_dump()))


def _table(path: Path, said: Mapping[str, Any], key: str) -> dict[str, Any]:
    value = said.get(key, {})
    if not isinstance(value, dict):
        raise PlansError(f"{path}: {key}: write it as a table, [{key}...]")
    return value


def _plan(path: Path, where: str, said: object, model: type[Model], defaults: Mapping[str, Any] | None = None) -> Model:
    if not isinstance(said, dict):
        raise PlansError(f"{path}: {where}: write it as a table, [{where}]")
    try:
        return model(**{**(defaults or {}), **said})
    except ValidationError as error:
        raise PlansError("; ".join(_sentence(path, where, model, one) for one in error.errors())) from error


def _sentence(path: Path, where: str, model: type[Defaults], error: Mapping[str, Any]) -> str:
    key = ".".join([where, *map(str, error["loc"])])
    if error["type"] == "extra_forbidden":
        return f"{path}: {key}: unknown; the keys are {', '.join(model.model_fields)}"
    why = error["msg"].removeprefix("Value error, ")
    return f"{path}: {key}: {why}" + ("" if error["type"] == "value_error" else f", not {error['input']!r}"[:200])
