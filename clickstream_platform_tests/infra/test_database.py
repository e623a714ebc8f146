"""What matters of PostgreSQL."""

from typing import Any

from clickstream_platform_tests.infra.templates import Templates, written


def instance_of(templates: Templates) -> dict[str, Any]:
    (instance,) = templates.of_type("AWS::RDS::DBInstance").values()
    return instance


def test_it_is_encrypted_closed_watched_and_backed_up(dev: Templates, prod: Templates) -> None:
    for templates, days in ((dev, 7), (prod, 30)):
        properties = instance_of(templates)["Properties"]
        assert properties["Engine"] == "postgres"
        assert properties["EngineVersion"].partition(".")[0] in {"16", "17"}
        assert properties["StorageEncrypted"]
        assert properties["PubliclyAccessible"] is False
        assert properties["BackupRetentionPeriod"] == days
        assert properties["EnablePerformanceInsights"]
        assert properties["EnableCloudwatchLogsExports"] == ["postgresql", "upgrade"]


def test_production_has_a_standby_and_cannot_be_deleted_by_mistake(dev: Templates, prod: Templates) -> None:
    for templates, wanted in ((dev, False), (prod, True)):
        properties = instance_of(templates)["Properties"]
        assert properties["MultiAZ"] is wanted
        assert properties["DeletionProtection"] is wanted
    assert instance_of(prod)["DeletionPolicy"] == "Snapshot"
    assert instance_of(dev)["DeletionPolicy"] == "Delete"


def test_connections_without_tls_are_refused(dev: Templates) -> None:
    (group,) = dev.of_type("AWS::RDS::DBParameterGroup").values()
    assert group["Properties"]["Parameters"]["rds.force_ssl"] == "1"
    assert written(instance_of(dev)["Properties"]["DBParameterGroupName"]).startswith("${Parameters")


def test_the_password_is_generated_and_in_no_template(dev: Templates) -> None:
    (secret,) = dev.of_type("AWS::SecretsManager::Secret", "database").values()
    assert secret["Properties"]["GenerateSecretString"]["GenerateStringKey"] == "password"
    assert "{{resolve:secretsmanager:" in written(instance_of(dev)["Properties"]["MasterUserPassword"])


def test_only_clients_get_in_and_it_lies_in_subnets_without_a_way_out(dev: Templates) -> None:
    (rule,) = dev.of_type("AWS::EC2::SecurityGroupIngress", "database").values()
    assert rule["Properties"]["FromPort"] == rule["Properties"]["ToPort"] == 5432
    assert "Clients" in written(rule["Properties"]["SourceSecurityGroupId"])
    for group in dev.of_type("AWS::EC2::SecurityGroup", "database").values():
        assert "SecurityGroupIngress" not in group["Properties"]
    (subnets,) = dev.of_type("AWS::RDS::DBSubnetGroup").values()
    assert [written(one) for one in subnets["Properties"]["SubnetIds"]] == [
        "${networkisolatedsubnet0}",
        "${networkisolatedsubnet1}",
    ]
