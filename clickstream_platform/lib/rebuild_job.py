"""The job that rebuilds days from the UI. Its difference is metadata of the run."""

from datetime import date

import dagster as dg

from clickstream_platform.config import get_settings
from clickstream_platform.lake import Lake
from clickstream_platform.lib.differences import as_markdown
from clickstream_platform.lib.rebuild import Plan, Rebuild, not_rebuilt
from clickstream_platform.lib.rebuild import rebuild as rebuild_days

REBUILD_TAG = "clickstream/rebuild"
_DAY = "YYYY-MM-DD, UTC."


@dg.op(
    config_schema={
        "from": dg.Field(str, description=f"First day, {_DAY}"),
        "to": dg.Field(str, description=f"Last day, {_DAY}"),
        "raw": dg.Field(
            bool, default_value=False, description="First read again what arrived below raw/ on these days."
        ),
    },
    pool="rebuild",
    description="Computes the days' tables in runs of their own (tag clickstream/rebuild), and compares.",
)
def rebuilt_days(context: dg.OpExecutionContext) -> None:
    """Rebuild, and tell the difference."""
    plan = Plan(_day(context, "from"), _day(context, "to"), raw=context.op_config["raw"])
    outcome = Rebuild(plan)
    try:
        rebuild_days(
            Lake(get_settings().lake_uri),
            plan,
            context.repository_def.get_implicit_global_asset_job_def(),
            context.instance,
            outcome=outcome,
            tags={REBUILD_TAG: context.run_id},
        )
    except Exception as error:
        raise dg.Failure(f"{error}\n{_unfinished(outcome)}", allow_retries=False) from error
    if outcome.differences is None:
        failed = "; ".join(f"{step}: {why}" for step, why in outcome.built.failed_steps.items())
        raise dg.Failure(f"{failed}\n{_unfinished(outcome)}", allow_retries=False)
    found = outcome.differences
    context.log.info(f"{len(found)} measure(s) differ" if found else "no difference")
    assert outcome.before is not None
    context.add_output_metadata(
        {
            "difference": dg.MetadataValue.md(as_markdown(found) if found else "no difference"),
            "measures that differ": dg.MetadataValue.int(len(found)),
            "tables compared": dg.MetadataValue.int(len(plan.tables)),
            "days": dg.MetadataValue.int(len(plan.days)),
            "compared with the state of": dg.MetadataValue.text(outcome.before.began.isoformat(timespec="seconds")),
            "failed checks": dg.MetadataValue.json(outcome.built.failed_checks),
            "other days to build": dg.MetadataValue.json([day.isoformat() for day in outcome.other_days]),
        }
    )


@dg.job(
    description=(
        "Computes silver and gold of given days again, in place, from bronze (or first bronze from `raw/`), and tells "
        "what differs from before: nothing, where code and data are unchanged. The same as `clickstream rebuild`."
    ),
)
def rebuild() -> None:
    """One op."""
    rebuilt_days()


def _day(context: dg.OpExecutionContext, name: str) -> date:
    text = context.op_config[name]
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise dg.Failure(f"config {name}: {text!r} is no day like 2024-03-01", allow_retries=False) from None


def _unfinished(outcome: Rebuild) -> str:
    lines = not_rebuilt(outcome)
    return "Not rebuilt, run again to finish:\n" + "\n".join(lines) if lines else "All tables are rebuilt."
