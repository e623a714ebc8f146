"""An environment that does not keep its data can be destroyed: its buckets are emptied, versions and all."""

import pytest

from clickstream_platform_tests.aws import Aws
from clickstream_platform_tests.infra.templates import Templates, written
from infra import empty

LAKE = "clickstream-dev-lake-123456789012"


def fill(aws: Aws, bucket: str) -> None:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket=bucket)
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    for body in (b"old", b"new"):
        s3.put_object(Bucket=bucket, Key="bronze/a", Body=body)
    s3.put_object(Bucket=bucket, Key="bronze/b", Body=b"")
    s3.delete_object(Bucket=bucket, Key="bronze/b")


def test_versions_and_markers_go_so_that_the_bucket_can(aws: Aws, capsys: pytest.CaptureFixture[str]) -> None:
    fill(aws, LAKE)
    assert empty.main(["dev", "--yes"]) == 0
    assert f"{LAKE}: 4 objects" in capsys.readouterr().out
    aws.client("s3").delete_bucket(Bucket=LAKE)


def test_nothing_goes_without_the_name_of_the_environment(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(aws, LAKE)
    monkeypatch.setattr("builtins.input", lambda _: "yes")
    assert empty.main(["dev"]) == 1
    assert aws.client("s3").list_objects_v2(Bucket=LAKE)["KeyCount"] == 1


def test_production_keeps_everything(aws: Aws) -> None:
    bucket = "clickstream-prod-lake-123456789012"
    fill(aws, bucket)
    assert empty.main(["prod", "--yes"]) == 0
    assert aws.client("s3").list_objects_v2(Bucket=bucket)["KeyCount"] == 1


def test_all_buckets_are_emptied(dev: Templates) -> None:
    buckets = {written(one["Properties"]["BucketName"]) for one in dev.of_type("AWS::S3::Bucket").values()}
    assert buckets == {f"clickstream-dev-{name}-${{AWS::AccountId}}" for name in empty.BUCKETS}


def test_an_unknown_environment_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert empty.main(["nowhere"]) == 2
    assert "nowhere" in capsys.readouterr().err
