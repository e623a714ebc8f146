"""The checks of every table: rules evaluated without Dagster, and the factory of its asset checks.

`evaluate` judges days of a table; `clickstream check` and the asset checks of `defs/checks/` both rest on the same
groups of checks, so that CI and the UI cannot disagree. Nothing here but `asset_checks` and `check_events` imports
Dagster.
"""

from clickstream_platform.lib.checks.catalogue import check_groups, checked_tables, evaluate
from clickstream_platform.lib.checks.verdict import CheckInfo, CheckOptions, Severity, Verdict, worst

__all__ = ["CheckInfo", "CheckOptions", "Severity", "Verdict", "check_groups", "checked_tables", "evaluate", "worst"]
