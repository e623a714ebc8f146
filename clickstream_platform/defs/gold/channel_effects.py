from datetime import date, timedelta

import narwhals as nw

from clickstream_platform import transforms
from clickstream_platform.config import get_settings
from clickstream_platform.lib import channel_fits
from clickstream_platform.lib.table_asset import table_asset
from clickstream_platform.lib.table_frames import Frame

MODEL_DAYS = get_settings().attribution_model_days


@table_asset(windows={"conversion_paths": (1 - MODEL_DAYS, 0)})
def channel_effects(days: list[date], conversion_paths: Frame) -> Frame:
    first = days[0] - timedelta(days=MODEL_DAYS - 1)
    counts = transforms.path_counts(conversion_paths, first_day=first, last_day=days[-1])
    effects = channel_fits.channel_effects(
        counts.collect("polars").to_native(), days, MODEL_DAYS, get_settings().attribution_path_treatment
    )
    return nw.from_native(effects.lazy())
