from clickstream_platform import transforms
from clickstream_platform.lib.table_asset import table_asset
from clickstream_platform.lib.table_frames import Frame


@table_asset()
def touchpoints(events_clean: Frame, sessions: Frame) -> Frame:
    return transforms.touchpoints(events_clean, sessions)
