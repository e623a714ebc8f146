"""Which days of an experiment count: of exposures, of outcomes, and of what is known from before."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

import narwhals as nw


@dataclass(frozen=True)
class ExperimentSpan:
    """Which days of an experiment count, in UTC, both ends included.

    Attributes:
        start: First day of exposures; None: the first there is.
        end: Last day of exposures; None: the last there is. Without a window also the last day of outcomes.
        window_days: Outcomes count on the day of the first exposure and so many days after it; None: until the end.
        pre_period_days: What an entity did on so many days before the day of its first exposure is the covariate.
    """

    start: date | None = None
    end: date | None = None
    window_days: int | None = None
    pre_period_days: int = 14


class Planned:
    """Conditions that differ from experiment to experiment, as expressions."""

    def __init__(self, spans: Mapping[str, ExperimentSpan], default: ExperimentSpan) -> None:
        self._spans, self._default = spans, default

    def exposures(self) -> nw.Expr:
        """Whether an exposure lies in its experiment's span."""
        day = nw.col("exposure_date")
        return self._each(lambda span: _between(day, span.start, span.end))

    def outcomes(self) -> nw.Expr:
        """Whether a day of activity, `since` days after the first exposure's, counts as outcome."""

        def counts(span: ExperimentSpan) -> nw.Expr:
            if span.window_days is not None:
                return nw.col("since") <= span.window_days
            return _between(nw.col("activity_date"), None, span.end)

        return (nw.col("since") > 0) & self._each(counts)

    def before(self) -> nw.Expr:
        """Whether it belongs to the covariate."""
        return (nw.col("since") < 0) & self._each(lambda span: nw.col("since") >= -span.pre_period_days)

    def _each(self, condition: Callable[[ExperimentSpan], nw.Expr]) -> nw.Expr:
        holds: nw.Expr = condition(self._default)
        for experiment, span in self._spans.items():
            holds = nw.when(nw.col("experiment") == experiment).then(condition(span)).otherwise(holds)
        return holds


def _between(day: nw.Expr, first: date | None, last: date | None) -> nw.Expr:
    holds = ~day.is_null()
    if first is not None:
        holds = holds & (day >= first)
    return holds if last is None else holds & (day <= last)
