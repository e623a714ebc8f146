from clickstream_platform import transforms
from clickstream_platform.lib.table_asset import table_asset
from clickstream_platform.lib.table_frames import Frame


@table_asset()
def entity_activity(events_clean: Frame) -> Frame:
    return transforms.entity_activity(events_clean)
