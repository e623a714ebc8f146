from datetime import date

from clickstream_platform import transforms
from clickstream_platform.lib.funnel_file import configured_funnels
from clickstream_platform.lib.table_asset import table_asset
from clickstream_platform.lib.table_frames import Frame

# How far the days read depends on the funnels: a changed file takes effect when the code location is loaded again.
_FUNNELS = configured_funnels()
_REACH = max(funnel.reach for funnel in _FUNNELS)


@table_asset(windows={"events_clean": (0, _REACH), "sessions": (-1, 0)})
def funnel_steps(days: list[date], events_clean: Frame, sessions: Frame) -> Frame:
    return transforms.funnel_steps(events_clean, sessions, funnels=_FUNNELS, first_day=days[0], last_day=days[-1])
