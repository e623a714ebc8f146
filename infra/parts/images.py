"""Where Dagster's image is."""

import re

from infra.settings import Settings

_ECR = re.compile(r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.[a-z.]+/(?P<name>[^:@]+)")


def ecr_image(settings: Settings) -> dict[str, str]:
    """Account, region and name of the image's repository in ECR; nothing where it is in another registry."""
    found = _ECR.match(settings.dagster_image)
    return found.groupdict() if found else {}
