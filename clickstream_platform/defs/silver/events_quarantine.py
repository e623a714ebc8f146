from clickstream_platform import transforms
from clickstream_platform.config import get_settings
from clickstream_platform.lib.table_asset import table_asset
from clickstream_platform.lib.table_frames import Frame


@table_asset()
def events_quarantine(events: Frame) -> Frame:
    return transforms.events_quarantine(events, currency=get_settings().currency)
