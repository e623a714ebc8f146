"""What matters of the network and the database in it."""

import json

from clickstream_platform_tests.infra.templates import Templates, written


def test_no_zone_is_made_up(dev: Templates, prod: Templates) -> None:
    for templates in (dev, prod):
        assert "dummy1" not in json.dumps(templates.stacks)


def test_three_kinds_of_subnets_in_two_zones(dev: Templates, prod: Templates) -> None:
    for templates in (dev, prod):
        assert [one["Properties"]["CidrBlock"] for one in templates.of_type("AWS::EC2::VPC").values()] == [
            "10.0.0.0/16"
        ]
        subnets = [one["Properties"] for one in templates.of_type("AWS::EC2::Subnet").values()]
        kinds = [tag["Value"] for one in subnets for tag in one["Tags"] if tag["Key"] == "aws-cdk:subnet-name"]
        assert sorted(kinds) == ["database"] * 2 + ["private"] * 2 + ["public"] * 2
        assert len({json.dumps(one["AvailabilityZone"]) for one in subnets}) == 2
        assert len({one["CidrBlock"] for one in subnets}) == 6
        assert not any(one.get("MapPublicIpOnLaunch") for one in subnets)


def test_each_zone_of_production_has_its_own_nat_gateway(dev: Templates, prod: Templates) -> None:
    assert len(dev.of_type("AWS::EC2::NatGateway")) == 1
    assert len(prod.of_type("AWS::EC2::NatGateway")) == 2


def test_database_subnets_have_no_way_out(prod: Templates) -> None:
    database = {name for name in prod.of_type("AWS::EC2::RouteTable") if "database" in name}
    routes = [written(one["Properties"]["RouteTableId"]) for one in prod.of_type("AWS::EC2::Route").values()]
    assert len(database) == 2
    assert len(routes) == 4
    assert not any("database" in route for route in routes)


def test_services_that_are_used_all_day_have_endpoints(dev: Templates, prod: Templates) -> None:
    for templates, zones in ((dev, 1), (prod, 2)):
        endpoints = [one["Properties"] for one in templates.of_type("AWS::EC2::VPCEndpoint").values()]
        kinds = {written(one["ServiceName"]).rpartition(".")[2]: one for one in endpoints}
        assert {name for name, one in kinds.items() if one["VpcEndpointType"] == "Gateway"} == {"s3", "dynamodb"}
        interfaces = {name: one for name, one in kinds.items() if one["VpcEndpointType"] == "Interface"}
        assert set(interfaces) == {"glue", "kinesis-streams", "sqs"}
        assert all(len(one["SubnetIds"]) == zones for one in interfaces.values())
        (group,) = [
            one["Properties"]
            for one in templates.of_type("AWS::EC2::SecurityGroup").values()
            if "Endpoints" in one["Properties"]["GroupDescription"]
        ]
        assert [(rule["CidrIp"], rule["FromPort"]) for rule in group["SecurityGroupIngress"]] == [("10.0.0.0/16", 443)]


def test_flows_are_logged_and_the_log_ends(dev: Templates) -> None:
    (flows,) = dev.of_type("AWS::EC2::FlowLog").values()
    assert flows["Properties"]["TrafficType"] == "ALL"
    groups = dev.of_type("AWS::Logs::LogGroup", "network")
    assert [one["Properties"]["RetentionInDays"] for one in groups.values()] == [30]


def test_other_stacks_read_ids_that_are_published(dev: Templates, prod: Templates) -> None:
    for templates in (dev, prod):
        published = {one["Properties"]["Name"] for one in templates.of_type("AWS::SSM::Parameter").values()}
        read = {
            one["Default"]
            for stack in templates.stacks.values()
            for one in stack.get("Parameters", {}).values()
            if one["Type"].startswith("AWS::SSM::Parameter::Value") and "cdk-bootstrap" not in one["Default"]
        }
        assert read
        assert read <= published
        exports = [
            out for stack in templates.stacks.values() for out in stack.get("Outputs", {}).values() if "Export" in out
        ]
        assert exports == []
