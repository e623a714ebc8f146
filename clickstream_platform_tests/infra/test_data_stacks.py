"""What matters of the stacks that hold and move data."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from clickstream_platform.local_aws.plan import Plan
from clickstream_platform.realtime.tables import LIVE_TABLES, TTL_ATTRIBUTE
from clickstream_platform.schemas import TABLES
from clickstream_platform_tests.infra.templates import PYTHON, ROOT, Templates, written
from infra import catalog

PLAN = Plan(prefix="clickstream-dev-")
LAKE = "lake-${AWS::AccountId}"


def test_buckets_are_encrypted_private_over_tls_and_logged(dev: Templates, prod: Templates) -> None:
    for templates in (dev, prod):
        policies = templates.of_type("AWS::S3::BucketPolicy")
        for name, bucket in templates.of_type("AWS::S3::Bucket").items():
            properties = bucket["Properties"]
            assert properties["BucketEncryption"]
            assert all(properties["PublicAccessBlockConfiguration"].values())
            own = [one for key, one in policies.items() if key.startswith(name[:-8])]
            assert any("aws:SecureTransport" in json.dumps(policy) for policy in own), name
            if "access-logs" not in written(properties["BucketName"]):
                assert properties["LoggingConfiguration"]["DestinationBucketName"]


def test_each_layer_of_the_lake_has_its_rules(prod: Templates) -> None:
    lake = prod.named("AWS::S3::Bucket", "BucketName", LAKE)
    assert lake["VersioningConfiguration"] == {"Status": "Enabled"}
    rules = {rule["Id"]: rule for rule in lake["LifecycleConfiguration"]["Rules"]}
    assert {name: rules[name].get("ExpirationInDays") for name in ("raw", "bronze", "silver", "gold")} == {
        "raw": 30,
        "bronze": 365,
        "silver": None,
        "gold": 730,
    }
    moves = [(move["StorageClass"], move["TransitionInDays"]) for move in rules["bronze"]["Transitions"]]
    assert moves == [("INTELLIGENT_TIERING", 30), ("GLACIER", 90)]
    assert rules["silver"]["Transitions"][0]["TransitionInDays"] == 180
    assert all(rules[name]["Prefix"].endswith("/") for name in rules if name != "whole-lake")


def test_data_outlives_its_stack_in_production_only(dev: Templates, prod: Templates) -> None:
    for kind in ("AWS::S3::Bucket", "AWS::DynamoDB::Table"):
        assert {one["DeletionPolicy"] for one in prod.of_type(kind).values()} <= {"Retain", "RetainExceptOnCreate"}
        assert {one["DeletionPolicy"] for one in dev.of_type(kind).values()} == {"Delete"}


def test_s3_tells_the_queues_of_the_plan_and_may_send_to_them(dev: Templates) -> None:
    lake = dev.named("AWS::S3::Bucket", "BucketName", LAKE)
    told = [
        {rule["Name"]: rule["Value"] for rule in one["Filter"]["S3Key"]["Rules"]}
        for one in lake["NotificationConfiguration"]["QueueConfigurations"]
    ]
    assert told == [
        {"prefix": one.prefix, **({"suffix": one.suffix} if one.suffix else {})} for one in PLAN.notifications
    ]
    assert json.dumps(dev.stacks["storage"]).count("s3.amazonaws.com") >= len(told)


def test_queues_are_those_of_the_plan(dev: Templates) -> None:
    found = {
        written(one["Properties"]["QueueName"]): one["Properties"] for one in dev.of_type("AWS::SQS::Queue").values()
    }
    for queue in PLAN.queues:
        made = found[queue.name]
        assert made["SqsManagedSseEnabled"] is True
        if queue.dead_letters:
            assert made["VisibilityTimeout"] == queue.visibility_seconds
            assert made["RedrivePolicy"]["maxReceiveCount"] == queue.receives


def test_live_tables_are_those_of_the_functions(dev: Templates) -> None:
    found = {one["Properties"]["TableName"]: one["Properties"] for one in dev.of_type("AWS::DynamoDB::Table").values()}
    assert set(found) == {f"clickstream-dev-{table.name}" for table in LIVE_TABLES}
    for table in LIVE_TABLES:
        made = found[f"clickstream-dev-{table.name}"]
        keys = [key["AttributeName"] for key in made["KeySchema"]]
        assert keys == [table.partition_key, *([table.sort_key] if table.sort_key else [])]
        assert made["BillingMode"] == "PAY_PER_REQUEST"
        assert made["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] is True
        assert made["SSESpecification"]["SSEEnabled"] is True
        if table.name != "erased-entities":
            assert made["TimeToLiveSpecification"] == {"AttributeName": TTL_ATTRIBUTE, "Enabled": True}


def test_streams_are_encrypted_and_fed_to_the_processor_as_it_expects(dev: Templates) -> None:
    streams = {one["Properties"]["Name"]: one["Properties"] for one in dev.of_type("AWS::Kinesis::Stream").values()}
    assert set(streams) == {f"clickstream-dev-{name}" for name in ("events", "clicks", "checkouts")}
    assert {one["StreamEncryption"]["EncryptionType"] for one in streams.values()} == {"KMS"}
    assert {(one["ShardCount"], one["RetentionPeriodHours"]) for one in streams.values()} == {(2, 24)}
    (planned,) = PLAN.mappings
    mappings = [
        one["Properties"]
        for one in dev.of_type("AWS::Lambda::EventSourceMapping").values()
        if ":kinesis:" in written(one["Properties"]["EventSourceArn"])
    ]
    assert len(mappings) == 3
    for mapping in mappings:
        assert mapping["BatchSize"] == 100 and mapping["MaximumBatchingWindowInSeconds"] == 10
        assert mapping["BisectBatchOnFunctionError"] is planned.bisect_batch_on_function_error
        assert mapping["MaximumRetryAttempts"] == planned.maximum_retry_attempts
        assert mapping["ParallelizationFactor"] == 1
        assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        assert written(mapping["DestinationConfig"]["OnFailure"]["Destination"]).endswith(PLAN.stream_failures)


def test_delivery_keeps_what_came_as_lines_by_day_of_arrival(dev: Templates) -> None:
    for delivery in dev.of_type("AWS::KinesisFirehose::DeliveryStream").values():
        target = delivery["Properties"]["ExtendedS3DestinationConfiguration"]
        assert target["Prefix"].startswith("raw/year=!{timestamp:yyyy}/month=!{timestamp:MM}/day=!{timestamp:dd}/")
        assert target["CompressionFormat"] == "GZIP"
        assert target["BufferingHints"] == {"IntervalInSeconds": 60, "SizeInMBs": 5}
        assert target["ProcessingConfiguration"]["Processors"][0]["Type"] == "AppendDelimiterToRecord"


def test_functions_have_roles_of_their_own_arm_and_settings(dev: Templates, prod: Templates) -> None:
    functions = dev.of_type("AWS::Lambda::Function")
    roles = [written(one["Properties"]["Role"]) for one in functions.values()]
    assert len(set(roles)) == len(roles) == 6
    for one in functions.values():
        properties = one["Properties"]
        assert properties["Architectures"] == ["arm64"] and properties["TracingConfig"] == {"Mode": "Active"}
        assert properties["Environment"]["Variables"]["CLICKSTREAM_TABLE_PREFIX"] == "clickstream-dev-"
    api = dev.named("AWS::Lambda::Function", "FunctionName", "ingest-api")
    assert api["SnapStart"] == {"ApplyOn": "PublishedVersions"}
    assert prod.named("AWS::Lambda::Function", "FunctionName", "ingest-api")["ReservedConcurrentExecutions"] == 100


def test_only_pages_preflights_and_the_health_check_need_no_signature(dev: Templates) -> None:
    (api,) = dev.of_type("AWS::ApiGateway::RestApi").values()
    paths = api["Properties"]["Body"]["paths"]
    unsigned = {
        (method, path)
        for path, methods in paths.items()
        for method, operation in methods.items()
        if operation["security"] == []
    }
    assert unsigned == {("options", "/events"), ("options", "/collect"), ("get", "/health")}
    assert {"/events", "/collect", "/upload/{dataset}", "/replay", "/replay/{replay_id}"} <= set(paths)
    (stage,) = dev.of_type("AWS::ApiGateway::Stage").values()
    (settings,) = stage["Properties"]["MethodSettings"]
    assert settings["ThrottlingRateLimit"] and stage["Properties"]["AccessLogSetting"]
    assert "sourceIp" not in stage["Properties"]["AccessLogSetting"]["Format"]


def test_requests_are_validated_by_the_schemas_of_the_openapi_document(dev: Templates) -> None:
    (api,) = dev.of_type("AWS::ApiGateway::RestApi").values()
    document = api["Properties"]["Body"]
    assert document["x-amazon-apigateway-request-validator"] in document["x-amazon-apigateway-request-validators"]
    schema = document["paths"]["/replay"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    published = json.loads((ROOT / "docs" / "openapi.json").read_text())["components"]["schemas"]["ReplayRequest"]
    assert set(schema["properties"]) == set(published["properties"]) and schema["additionalProperties"] is False
    assert schema["properties"]["limit"] == {"type": "integer", "minimum": 1, "maximum": 10_000_000}
    # What version 3.0 and draft 4 have not.
    assert not {word for word in ("$ref", '"null"', '"const"', '"required": []') if word in json.dumps(schema)}


def statements(templates: Templates) -> list[tuple[str, dict[str, Any]]]:
    found = []
    for name, role in templates.of_type("AWS::IAM::Role").items():
        for policy in role["Properties"].get("Policies", []):
            found += [(name, one) for one in policy["PolicyDocument"]["Statement"]]
    for name, policy in templates.of_type("AWS::IAM::Policy").items():
        found += [(name, one) for one in policy["Properties"]["PolicyDocument"]["Statement"]]
    return found


def test_no_policy_has_a_star_for_an_action(dev: Templates, prod: Templates) -> None:
    for templates in (dev, prod):
        for name, statement in statements(templates):
            actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
            assert not [action for action in actions if "*" in action], (name, actions)


def test_a_bare_star_for_a_resource_is_for_traces_only_in_the_data_stacks(dev: Templates) -> None:
    for name, statement in statements(dev):
        if name.split("/")[0] in ("storage", "streaming", "api", "state", "catalog") and statement["Resource"] == "*":
            assert set(statement["Action"]) == {"xray:PutTelemetryRecords", "xray:PutTraceSegments"}, name


def test_every_parquet_table_is_in_the_catalogue_with_computed_partitions(dev: Templates) -> None:
    tables = {
        one["Properties"]["TableInput"]["Name"]: one["Properties"]["TableInput"]
        for one in dev.of_type("AWS::Glue::Table").values()
    }
    assert set(tables) == set(TABLES)
    for name, table in TABLES.items():
        made = tables[name]
        assert [column["Name"] for column in made["StorageDescriptor"]["Columns"]] == list(table.columns)
        is_daily = table.partition_column is not None
        assert [key["Name"] for key in made["PartitionKeys"]] == (["year", "month", "day"] if is_daily else [])
        assert (made["Parameters"].get("projection.enabled") == "true") is is_daily
        if is_daily:
            assert written(made["Parameters"]["storage.location.template"]).endswith(
                f"/{table.layer}/{name}/year=${{year}}/month=${{month}}/day=${{day}}/"
            )


def test_the_kept_catalogue_is_current() -> None:
    assert catalog.FILE.read_text() == catalog.text(), "run python -m infra.catalog"


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_cfn_lint_finds_nothing(request: pytest.FixtureRequest, environment: str) -> None:
    folder = request.getfixturevalue(environment).folder
    import cfnlint.runner
    from cfnlint.config import ConfigMixIn

    files = sorted(str(path) for path in folder.glob("*.template.json"))
    found = list(cfnlint.runner.Runner(ConfigMixIn(cli_args=files)).run())
    assert [str(one) for one in found] == []


VARIANT = """
import sys
from pathlib import Path
import msgspec
from infra.app import synthesise
from infra.settings import read_settings
settings = msgspec.structs.replace(
    read_settings("dev"), crawler=True, stream_mode="on_demand", separate_streams=False, generator=False,
    write_keys_secret="shop/keys", pii_key_secret="shop/pii", replay_lake_bucket="other-lake",
)
sys.exit(synthesise(settings, Path(sys.argv[1])))
"""


def test_what_settings_choose_is_made(tmp_path: Path, dev: Templates) -> None:
    done = subprocess.run(
        [str(PYTHON), "-c", VARIANT, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    made = Templates(tmp_path, "clickstream-dev-")
    (stream,) = made.of_type("AWS::Kinesis::Stream").values()
    assert stream["Properties"]["StreamModeDetails"] == {"StreamMode": "ON_DEMAND"}
    assert "ShardCount" not in stream["Properties"]
    assert len(made.of_type("AWS::Glue::Crawler")) == 1
    (api,) = made.of_type("AWS::ApiGateway::RestApi").values()
    assert api["Properties"]["Body"]["paths"]["/collect"]["post"]["security"] == []
    variables = made.named("AWS::Lambda::Function", "FunctionName", "ingest-api")["Environment"]["Variables"]
    assert variables["CLICKSTREAM_WRITE_KEYS"] == "{{resolve:secretsmanager:shop/keys}}"
    assert variables["CLICKSTREAM_STREAMS"] == "clickstream-dev-events"
    processor = made.named("AWS::Lambda::Function", "FunctionName", "replay-processor")
    assert processor["Environment"]["Variables"]["CLICKSTREAM_REPLAY_LAKE_URI"] == "s3://other-lake"
