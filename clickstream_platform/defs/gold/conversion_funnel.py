from clickstream_platform import transforms
from clickstream_platform.lib.table_asset import table_asset
from clickstream_platform.lib.table_frames import Frame


@table_asset()
def conversion_funnel(sessions: Frame) -> Frame:
    return transforms.conversion_funnel(sessions)
