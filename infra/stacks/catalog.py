"""Every Parquet table for SQL through Athena; partitions are computed from the days, so no crawler is needed."""

import json
from typing import Any

from aws_cdk import Aws
from aws_cdk import aws_athena as athena
from aws_cdk import aws_glue as glue
from aws_cdk import aws_iam as iam

from infra.catalog import FILE
from infra.parts.acknowledged import acknowledge
from infra.parts.roles import allow, service_role
from infra.stacks.base import PlatformStack

_FORMATS = "org.apache.hadoop.hive.ql.io.parquet"
_FIRST_YEAR, _LAST_YEAR = 2015, 2100


class Catalog(PlatformStack):
    """A Glue database with a table for each of the lake's, and an Athena workgroup that limits what a query scans."""

    NAME = "catalog"

    def build(self) -> None:
        """Make them."""
        database = glue.CfnDatabase(
            self,
            "Database",
            catalog_id=Aws.ACCOUNT_ID,
            database_input=glue.CfnDatabase.DatabaseInputProperty(
                name=self.names.database_name, description="Tables of Clickstream Platform"
            ),
        )
        for name, table in json.loads(FILE.read_text()).items():
            self._table(name, table).add_resource_dependency(database)
        self._workgroup()
        if self.settings.crawler:
            self._crawler().add_resource_dependency(database)

    def _table(self, name: str, table: dict[str, Any]) -> glue.CfnTable:
        location = f"s3://{self.names.lake}/{table['layer']}/{name}/"
        days = ("year", "month", "day") if table["is_daily"] else ()
        return glue.CfnTable(
            self,
            "".join(word.capitalize() for word in name.split("_")),
            catalog_id=Aws.ACCOUNT_ID,
            database_name=self.names.database_name,
            table_input=glue.CfnTable.TableInputProperty(
                name=name,
                description=table["description"],
                table_type="EXTERNAL_TABLE",
                parameters={"classification": "parquet", **(_projection(location) if days else {})},
                partition_keys=[glue.CfnTable.ColumnProperty(name=day, type="int") for day in days],
                storage_descriptor=glue.CfnTable.StorageDescriptorProperty(
                    columns=[glue.CfnTable.ColumnProperty(**column) for column in table["columns"]],
                    location=location,
                    input_format=f"{_FORMATS}.MapredParquetInputFormat",
                    output_format=f"{_FORMATS}.MapredParquetOutputFormat",
                    serde_info=glue.CfnTable.SerdeInfoProperty(
                        serialization_library=f"{_FORMATS}.serde.ParquetHiveSerDe"
                    ),
                ),
            ),
        )

    def _workgroup(self) -> None:
        athena.CfnWorkGroup(
            self,
            "Workgroup",
            name=self.names.prefix.rstrip("-"),
            description="SQL over the lake",
            recursive_delete_option=not self.settings.keep_data,
            work_group_configuration=athena.CfnWorkGroup.WorkGroupConfigurationProperty(
                enforce_work_group_configuration=True,
                publish_cloud_watch_metrics_enabled=True,
                bytes_scanned_cutoff_per_query=self.settings.athena_scan_gb * 10**9,
                engine_version=athena.CfnWorkGroup.EngineVersionProperty(
                    selected_engine_version="Athena engine version 3"
                ),
                result_configuration=athena.CfnWorkGroup.ResultConfigurationProperty(
                    output_location=f"s3://{self.names.athena_results}/",
                    encryption_configuration=athena.CfnWorkGroup.EncryptionConfigurationProperty(
                        encryption_option="SSE_S3"
                    ),
                ),
            ),
        )

    def _crawler(self) -> glue.CfnCrawler:
        """For tables that others put into the lake; ours need none."""
        names = self.names
        database = f"arn:{Aws.PARTITION}:glue:{Aws.REGION}:{Aws.ACCOUNT_ID}"
        crawled = f"{names.database_name}_crawled"
        glue.CfnDatabase(
            self,
            "CrawledDatabase",
            catalog_id=Aws.ACCOUNT_ID,
            database_input=glue.CfnDatabase.DatabaseInputProperty(name=crawled, description="What the crawler found"),
        )
        role = service_role(
            self,
            "CrawlerRole",
            f"{names.prefix}crawler-{Aws.REGION}",
            iam.ServicePrincipal("glue.amazonaws.com"),
            [
                allow("s3:GetObject", names.lake_arn("silver/*", "gold/*")),
                allow("s3:ListBucket", names.lake_arn()),
                allow(
                    "glue:GetDatabase GetTable GetTables CreateTable UpdateTable GetPartition GetPartitions"
                    " BatchCreatePartition BatchGetPartition UpdatePartition",
                    [f"{database}:catalog", f"{database}:database/{crawled}", f"{database}:table/{crawled}/*"],
                ),
                allow(
                    "logs:CreateLogStream PutLogEvents",
                    [f"arn:{Aws.PARTITION}:logs:{Aws.REGION}:{Aws.ACCOUNT_ID}:log-group:/aws-glue/crawlers:*"],
                ),
            ],
        )
        crawler = glue.CfnCrawler(
            self,
            "Crawler",
            name=f"{names.prefix}crawler",
            role=role.role_arn,
            database_name=crawled,
            targets=glue.CfnCrawler.TargetsProperty(
                s3_targets=[
                    glue.CfnCrawler.S3TargetProperty(path=f"s3://{names.lake}/{layer}/") for layer in ("silver", "gold")
                ]
            ),
        )
        acknowledge(crawler, "Its log names tables and partitions; the service's own encryption will do", "GL1")
        return crawler


def _projection(location: str) -> dict[str, str]:
    """Partitions of a table a day, as Athena computes them."""
    ranges = {"year": f"{_FIRST_YEAR},{_LAST_YEAR}", "month": "1,12", "day": "1,31"}
    said = {"projection.enabled": "true"}
    for name, values in ranges.items():
        said |= {f"projection.{name}.type": "integer", f"projection.{name}.range": values}
        if name != "year":
            said[f"projection.{name}.digits"] = "2"
    return {**said, "storage.location.template": f"{location}year=${{year}}/month=${{month}}/day=${{day}}/"}
