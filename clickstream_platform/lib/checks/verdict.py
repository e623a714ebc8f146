"""What a check says of one day of a table."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Literal

from clickstream_platform.config import get_settings

Severity = Literal["error", "warn"]
"""`error`: the rows are wrong, CI fails; `warn`: worth a look."""


@dataclass(frozen=True)
class CheckInfo:
    """A check as it is known before it runs.

    Attributes:
        table: the table it judges.
        name: stable over time: it names the rule, not its bound, so that its history survives a changed bound.
        severity: what a failure means.
        rule: what must hold, as a sentence.
        blocking: a failure stops what depends on the table in the same run.
        remedy: what to do about a failure.
        by_day: of a partitioned table it gives a verdict for each day, not one for the table.
    """

    table: str
    name: str
    severity: Severity
    rule: str
    blocking: bool = False
    remedy: str = ""
    by_day: bool = True


@dataclass(frozen=True)
class Verdict:
    """The outcome of one check on one day of a table (day None: an unpartitioned table, or the table as a whole).

    Attributes:
        info: the check.
        passed: whether the rule holds.
        day: the day judged (UTC).
        checked: rows (or totals) looked at.
        failed: rows (or totals) that break the rule.
        detail: what was found, in a sentence; empty when there is nothing to say.
        sample: a few offending rows, key and offending columns only, personal values masked.
        counts: the figures behind the verdict.
        found_severity: what this failure means, where a check has more than one threshold.
    """

    info: CheckInfo
    passed: bool
    day: date | None
    checked: int = 0
    failed: int = 0
    detail: str = ""
    sample: tuple[Mapping[str, str], ...] = ()
    counts: Mapping[str, int | float | str] = field(default_factory=dict)
    found_severity: Severity | None = None

    @property
    def severity(self) -> Severity:
        """What a failure means: the verdict's own severity, else the check's."""
        return self.found_severity or self.info.severity

    @property
    def rate(self) -> float:
        """Share of the checked rows that failed, 0 to 1."""
        return self.failed / self.checked if self.checked else float(not self.passed)

    @property
    def said(self) -> str:
        """The outcome as one line."""
        if self.detail:
            return self.detail
        if self.passed:
            return f"{self.checked:,} rows checked"
        return f"{self.failed:,} of {self.checked:,} rows ({self.rate:.2%}) break the rule: {self.info.rule}"


@dataclass(frozen=True)
class CheckOptions:
    """Settings of the checks.

    Attributes:
        batch_rows: rows held in memory at once.
        sample_rows: offending rows shown of each check and day.
        purchase_tolerance: share of orders, and of revenue, by which purchase events and orders may differ.
        purchase_fewest: fewer orders than this known to one side only are never worth a warning.
        holdout_tolerance: share by which purchases in a holdout may differ from what the model expected.
        holdout_deviations: standard errors by which they may differ by chance.
        anomaly_deviations: robust standard deviations that a daily total may lie off its weekday's median.
        anomaly_least_change: relative change below which a total is never called an anomaly.
        anomaly_error_deviations: as many and more are an error, not a warning.
        anomaly_error_change: relative change below which an anomaly is a warning at most.
        holiday_country: whose public holidays are no usual days: ISO 3166, perhaps with a subdivision (US-CA).
        holidays_file: lines with further such days.
    """

    batch_rows: int = 500_000
    sample_rows: int = 5
    purchase_tolerance: float = 0.02
    purchase_fewest: int = 3
    holdout_tolerance: float = 0.25
    holdout_deviations: float = 3.0
    anomaly_deviations: float = 4.0
    anomaly_least_change: float = 0.25
    anomaly_error_deviations: float = 8.0
    anomaly_error_change: float = 0.6
    holiday_country: str | None = None
    holidays_file: Path | None = None

    @classmethod
    def from_settings(cls) -> "CheckOptions":
        """What the settings of this process say."""
        settings = get_settings()
        return cls(
            anomaly_deviations=settings.anomaly_warn_deviations,
            anomaly_least_change=settings.anomaly_warn_change,
            anomaly_error_deviations=settings.anomaly_error_deviations,
            anomaly_error_change=settings.anomaly_error_change,
            holiday_country=settings.holiday_country,
            holidays_file=settings.holidays_file,
        )


def worst(verdicts: Iterable[Verdict]) -> Severity | Literal[""]:
    """The severest of what failed; empty when all passed."""
    failed = {verdict.severity for verdict in verdicts if not verdict.passed}
    return "error" if "error" in failed else "warn" if failed else ""
