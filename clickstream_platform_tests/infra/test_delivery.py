"""What matters of how commits get to AWS: the stack, the workflow, the image."""

import re
from pathlib import PurePosixPath
from typing import Any

import pytest
import yaml

from clickstream_platform_tests.infra.templates import ROOT, Templates, written

ISSUER = "token.actions.githubusercontent.com"
WORKFLOW = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())
DOCKERFILE = (ROOT / "infra" / "Dockerfile").read_text()


def role_of(templates: Templates, name: str) -> dict[str, Any]:
    return templates.named("AWS::IAM::Role", "RoleName", name)


def test_only_the_main_branch_of_the_repository_deploys(dev: Templates) -> None:
    for name, context in (("github-deploy", "ref:refs/heads/main"), ("github-diff", "pull_request")):
        (trust,) = role_of(dev, name)["AssumeRolePolicyDocument"]["Statement"]
        assert trust["Action"] == "sts:AssumeRoleWithWebIdentity"
        assert trust["Condition"] == {
            "StringEquals": {
                f"{ISSUER}:aud": "sts.amazonaws.com",
                f"{ISSUER}:sub": f"repo:example/clickstream-platform:{context}",
            }
        }


def test_a_pull_request_can_only_look(dev: Templates) -> None:
    (policy,) = role_of(dev, "github-diff")["Policies"]
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert statement["Action"] == "sts:AssumeRole"
    assert "-lookup-role-" in written(statement["Resource"])
    assert "deploy" not in written(statement["Resource"])


def test_images_are_built_from_main_only(dev: Templates) -> None:
    (project,) = dev.of_type("AWS::CodeBuild::Project").values()
    triggers = project["Properties"]["Triggers"]
    assert triggers["Webhook"]
    ((event, branch),) = triggers["FilterGroups"]
    assert event == {"Type": "EVENT", "Pattern": "PUSH"}
    assert re.fullmatch(branch["Pattern"], "refs/heads/main")
    assert not re.fullmatch(branch["Pattern"], "refs/heads/mainly")


def test_the_build_pushes_to_its_own_repository_only(dev: Templates) -> None:
    (project,) = dev.of_type("AWS::CodeBuild::Project").values()
    (role,) = [
        one["Properties"]
        for name, one in dev.of_type("AWS::IAM::Role", "delivery").items()
        if name.removeprefix("delivery/") in written(project["Properties"]["ServiceRole"])
    ]
    statements = [one for policy in role["Policies"] for one in policy["PolicyDocument"]["Statement"]]
    pushes = [written(one["Resource"]) for one in statements if "ecr:PutImage" in one["Action"]]
    assert len(pushes) == 1
    assert pushes[0].startswith("${Images")
    attached = [one["Properties"] for one in dev.of_type("AWS::IAM::Policy", "delivery").values()]
    added = [one for policy in attached for one in policy["PolicyDocument"]["Statement"]]
    assert [one["Action"] for one in added] == ["ecr:GetAuthorizationToken"]


def test_the_workflow_lints_tests_checks_synthesises_and_deploys() -> None:
    text = (ROOT / ".github" / "workflows" / "ci.yml").read_text()
    cdk = "aws-cdk@2.1148.1"
    steps = ("make lint", "make test", "clickstream simulate", "clickstream check", "make infra ENV=", f"{cdk} diff")
    for step in (*steps, f"{cdk} deploy"):
        assert step in text, step
    assert cdk in (ROOT / "Makefile").read_text()


def test_only_pushes_to_main_deploy_after_everything_else() -> None:
    deploy = WORKFLOW["jobs"]["deploy"]
    assert deploy["if"] == "github.event_name == 'push' && github.ref == 'refs/heads/main'"
    assert {"lint", "test", "assets", "synth"} <= set(deploy["needs"])
    assert deploy["permissions"] == {"contents": "read", "id-token": "write"}
    assert WORKFLOW["permissions"] == {"contents": "read"}


def test_actions_are_pinned() -> None:
    uses = [step["uses"] for job in WORKFLOW["jobs"].values() for step in job["steps"] if "uses" in step]
    assert uses
    assert all(re.fullmatch(r"[\w-]+/[\w-]+@v\d+\.\d+\.\d+", one) for one in uses)


def test_the_image_has_a_pinned_base_and_no_root() -> None:
    bases = re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)
    assert bases
    assert all(re.fullmatch(r"python:3\.11\.\d+-slim-\w+", base) for base in bases)
    assert re.search(r"^USER clickstream$", DOCKERFILE, re.MULTILINE)


def test_what_the_image_copies_is_there_and_not_ignored() -> None:
    allowed = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    copied = [
        source
        for line in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE)
        for source in line.split()[:-1]
    ]
    assert "clickstream_platform" in copied
    for source in copied:
        assert (ROOT / source).exists(), source
        path = PurePosixPath(source)
        assert any(path.match(one) or PurePosixPath(one) in path.parents for one in allowed), source


@pytest.mark.parametrize("name", ["dagster-postgres", "psycopg2-binary"])
def test_the_database_driver_is_the_one_that_is_tested(name: str) -> None:
    def pin(lock: str) -> str:
        (line,) = re.findall(rf"^{name}==\S+", (ROOT / "requirements" / lock).read_text(), re.MULTILINE)
        return line

    assert pin("postgres.txt") == pin("dev.txt")
