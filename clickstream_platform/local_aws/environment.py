"""The environment of everything that talks to the emulated AWS: it, and never an account of whoever runs this."""

import os
from collections.abc import Mapping, MutableMapping
from typing import Final

REGION: Final = "us-east-1"
ACCOUNT: Final = "123456789012"
"""The account that the emulation's ARNs carry."""

_LOOPBACK: Final = ("127.0.0.1", "localhost")


def aws_variables(endpoint: str) -> dict[str, str]:
    """The AWS variables for the emulation at `endpoint`; the keys are made up, and configuration files are not read."""
    return {
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def local_environment(endpoint: str, base: Mapping[str, str] | None = None) -> dict[str, str]:
    """`base` (by default this process' environment) with its AWS variables replaced by those of the emulation.

    Profiles, TLS bundles and endpoints of a real account go; proxies are told to leave the loopback alone.
    """
    given = os.environ if base is None else base
    kept = {name: value for name, value in given.items() if not name.startswith("AWS_")}
    for name in ("NO_PROXY", "no_proxy"):
        kept[name] = ",".join(dict.fromkeys([*filter(None, kept.get(name, "").split(",")), *_LOOPBACK]))
    return {**kept, **aws_variables(endpoint)}


def replace_environment(wanted: Mapping[str, str], environment: MutableMapping[str, str] = os.environ) -> None:
    """Make this process' environment exactly `wanted`."""
    for name in set(environment) - set(wanted):
        del environment[name]
    environment.update(wanted)
