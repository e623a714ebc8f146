"""The Dagster code location: everything below `defs/`, and what cuts across it."""

import warnings
from pathlib import Path

import dagster as dg

import clickstream_platform.defs


def _everything_below_defs() -> dg.Definitions:
    """As `load_from_defs_folder`, but for its catalogue of component types.

    That catalogue imports every client of dagster-aws, a third of the time that each run takes to load its definitions,
    and nothing here is a component.
    """
    tree = dg.ComponentTree.from_module(
        defs_module=clickstream_platform.defs, project_root=Path(__file__).parent.parent
    )
    with warnings.catch_warnings():
        # Features used knowingly, their versions pinned: partitioned checks, backfill policies, window mappings.
        for category in (dg.BetaWarning, dg.PreviewWarning, dg.SupersessionWarning):
            warnings.simplefilter("ignore", category)
        return tree.build_defs(tree.defs_module_path)


defs = dg.Definitions.merge(
    _everything_below_defs(),
    # A step is a second or less of work: a process of its own would cost more than that.
    dg.Definitions(executor=dg.in_process_executor),
)
