"""Resources that sensors, checks and assets share."""

import dagster as dg

from clickstream_platform.lake import Lake


class LakeResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """The lake at `uri` (a folder or `s3://bucket/prefix`), opened on demand."""

    uri: str

    def open(self) -> Lake:
        """The lake itself."""
        return Lake(self.uri)
