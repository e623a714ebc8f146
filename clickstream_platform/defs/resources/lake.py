import dagster as dg

from clickstream_platform.config import get_settings
from clickstream_platform.lib.io_manager import LakeIOManager
from clickstream_platform.lib.resources import LakeResource


@dg.definitions
def resources() -> dg.Definitions:
    uri = get_settings().lake_uri
    return dg.Definitions(resources={"lake": LakeResource(uri=uri), "lake_io_manager": LakeIOManager(uri=uri)})
