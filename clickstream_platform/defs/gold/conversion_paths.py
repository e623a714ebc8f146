from datetime import date

from clickstream_platform import transforms
from clickstream_platform.config import get_settings
from clickstream_platform.lib.table_asset import table_asset
from clickstream_platform.lib.table_frames import Frame

BEFORE = -get_settings().attribution_lookback_days


@table_asset(windows={"touchpoints": (BEFORE, 0), "events_clean": (BEFORE, 0)}, sized_by=("touchpoints",))
def conversion_paths(days: list[date], touchpoints: Frame, events_clean: Frame) -> Frame:
    settings = get_settings()
    return transforms.conversion_paths(
        touchpoints,
        events_clean,
        first_day=days[0],
        last_day=days[-1],
        lookback=settings.attribution_lookback,
        conversion_event=settings.conversion_event,
    )
