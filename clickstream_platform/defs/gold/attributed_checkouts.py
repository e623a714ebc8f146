from datetime import date

from clickstream_platform import transforms
from clickstream_platform.config import get_settings
from clickstream_platform.lib.table_asset import table_asset
from clickstream_platform.lib.table_frames import Frame


@table_asset(windows={"events_clean": (-1, 0)})
def attributed_checkouts(days: list[date], events_clean: Frame) -> Frame:
    return transforms.attributed_checkouts(
        events_clean, first_day=days[0], last_day=days[-1], window=get_settings().attribution_window
    )
