"""The job that erases from the UI."""

import dagster as dg
from pydantic import Field

from clickstream_platform.config import get_settings
from clickstream_platform.lib.erasure.erase import erase as erase_person
from clickstream_platform.lib.erasure.erase import find, open_place
from clickstream_platform.lib.erasure.live import live_tables
from clickstream_platform.lib.erasure.recompute import Tables


class ErasureConfig(dg.Config):
    """Who."""

    entities: list[str] = Field(description="User, customer or anonymous ids.")
    linked: bool = Field(default=False, description="Take along anonymous ids that were seen with these users only.")
    live: bool | None = Field(default=None, description="DynamoDB tables, too; by default where the lake is on S3.")
    thorough: bool = Field(default=False, description="Search texts of others' rows too, and tell of mentions.")
    dry_run: bool = Field(default=False, description="Tell what would be removed, and remove nothing.")


@dg.op(pool="erasure", description="Searches every layer, removes, computes again and searches again.")
def erased_person(context: dg.OpExecutionContext, config: ErasureConfig) -> None:
    """Erase; fails when something is left."""
    if not config.entities or not all(name.strip() for name in config.entities):
        raise dg.Failure("config entities: say who", allow_retries=False)
    lake_uri = get_settings().lake_uri
    place = open_place(lake_uri, live_tables(lake_uri, wanted=config.live))
    erasure = find(place, config.entities, linked=config.linked)
    rows = [
        dg.TableRecord({"layer": layer, "table": table, "records": records, "objects": objects})
        for layer, table, records, objects in erasure.found.counts()
    ]
    metadata: dict[str, dg.MetadataValue] = {
        "would be removed" if config.dry_run else "removed": dg.MetadataValue.table(rows, _COLUMNS)
    }
    if not config.dry_run:
        job = context.repository_def.get_implicit_global_asset_job_def()
        erase_person(place, config.entities, erasure, lambda: Tables(job, context.instance), thorough=config.thorough)
        metadata |= {
            "proof": dg.MetadataValue.json(erasure.record.proof),
            "audit record": dg.MetadataValue.path(place.lake.address(erasure.record.path)),
            "failed checks": dg.MetadataValue.json(erasure.failed_checks),
        }
    context.add_output_metadata(metadata)
    if not config.dry_run and not erasure.is_proven:
        raise dg.Failure("something is left, or cannot be searched: see `proof`", metadata, allow_retries=False)


_COLUMNS = dg.TableSchema(
    [
        dg.TableColumn(name, kind)
        for name, kind in (("layer", "string"), ("table", "string"), ("records", "int"), ("objects", "int"))
    ]
)


@dg.job(
    description=(
        "Removes a person from every layer, and proves it by a search. The same as `clickstream erase`. The run's "
        "configuration names the person: delete the run when it has ended."
    ),
)
def erase() -> None:
    """One op."""
    erased_person()
