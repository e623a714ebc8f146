"""List prices of AWS in us-east-1 (N. Virginia), US dollars, on demand, without free tiers and discounts.

Taken from each service's price page in 2025; what a page says today is what counts. Transfer within a region's services
is free. A month has 730 hours, a GB is 10^9 bytes.
"""

from typing import Final

from msgspec import Struct

REGION: Final = "us-east-1"
AS_OF: Final = "2025"
HOURS: Final = 730
MINUTES: Final = HOURS * 60
MILLION: Final = 1_000_000
GB: Final = 10**9


class Price(Struct, frozen=True):
    """What one of something costs.

    Attributes:
        usd: For one unit.
        unit: What is paid for.
        page: Where AWS says so, below https://aws.amazon.com/.
    """

    usd: float
    unit: str
    page: str


def _each(page: str, **prices: tuple[float, str]) -> dict[str, Price]:
    return {name: Price(usd, unit, f"{page}/pricing/") for name, (usd, unit) in prices.items()}


PRICES: Final[dict[str, Price]] = {
    **_each(
        "kinesis/data-streams",
        shard=(0.015, "shard and hour"),
        stream_put=(0.014 / MILLION, "put payload unit of 25 KB"),
    ),
    **_each(
        "firehose",
        firehose=(0.029, "GB, each record rounded up to 5 KB"),
        firehose_parquet=(0.018, "GB converted to Parquet, rounded alike"),
    ),
    **_each(
        "lambda",
        lambda_gb_second=(0.0000133334, "GB-second on arm64"),
        lambda_request=(0.20 / MILLION, "invocation"),
    ),
    **_each(
        "s3",
        s3_standard=(0.023, "GB-month, Standard"),
        s3_instant=(0.004, "GB-month, Glacier Instant Retrieval"),
        s3_put=(0.005 / 1000, "PUT, COPY, POST or LIST"),
        s3_get=(0.0004 / 1000, "GET"),
    ),
    **_each(
        "dynamodb/on-demand",
        dynamo_write=(0.625 / MILLION, "write request unit of 1 KB"),
        dynamo_read=(0.125 / MILLION, "read request unit of 4 KB"),
        dynamo_storage=(0.25, "GB-month"),
        dynamo_recovery=(0.20, "GB-month of point-in-time recovery"),
    ),
    **_each("sqs", sqs=(0.40 / MILLION, "request")),
    **_each(
        "fargate",
        fargate_cpu=(0.03238, "vCPU-hour on arm64"),
        fargate_gb=(0.00356, "GB-hour on arm64"),
    ),
    **_each(
        "rds/postgresql",
        rds_t4g_small=(0.032, "hour of db.t4g.small, one zone"),
        rds_m7g_large=(0.168, "hour of db.m7g.large, one zone"),
        rds_storage=(0.115, "GB-month of gp3, one zone"),
    ),
    **_each(
        "vpc",
        nat_hour=(0.045, "hour of a NAT gateway"),
        nat_gb=(0.045, "GB through it"),
        address_hour=(0.005, "hour of a public IPv4 address"),
    ),
    **_each("privatelink", endpoint_hour=(0.01, "hour of an interface endpoint in a zone")),
    **_each(
        "elasticloadbalancing",
        balancer_hour=(0.0225, "hour of an Application Load Balancer"),
        balancer_unit=(0.008, "hour of a capacity unit"),
    ),
    **_each(
        "cloudwatch",
        alarm_metric=(0.10, "metric that an alarm looks at"),
        metric=(0.30, "metric of our own, or of Container Insights"),
        log_gb=(0.50, "GB of logs"),
        dashboard=(3.00, "dashboard"),
    ),
    **_each("xray", trace=(5.00 / MILLION, "recorded trace")),
    **_each("athena", athena_tb=(5.00, "TB scanned")),
    **_each("glue", glue_dpu_hour=(0.44, "DPU-hour of a Spark job or crawler")),
    **_each("secrets-manager", secret=(0.40, "secret")),
    **_each("kms", key=(1.00, "key")),
}
