from datetime import date

from clickstream_platform import transforms
from clickstream_platform.config import get_settings
from clickstream_platform.lib.table_asset import table_asset
from clickstream_platform.lib.table_frames import Frame

BEFORE = -get_settings().attribution_refund_days


@table_asset(
    windows={"conversion_paths": (BEFORE, 0), "events_clean": (BEFORE, 0), "channel_effects": (BEFORE, 0)},
    sized_by=("conversion_paths",),
)
def channel_attribution(
    days: list[date],
    conversion_paths: Frame,
    events_clean: Frame,
    channel_effects: Frame,
    marketing_spend_clean: Frame,
) -> Frame:
    settings = get_settings()
    credit = transforms.conversion_credit(
        conversion_paths,
        events_clean,
        first_day=days[0],
        last_day=days[-1],
        refund_reach=settings.attribution_refund_reach,
        half_life=settings.attribution_half_life,
        treatment=settings.attribution_path_treatment,
    )
    # A row a day, channel, campaign and model, needed in several places: worth having in hand.
    return transforms.channel_attribution(
        credit.collect().lazy(), channel_effects, marketing_spend_clean, first_day=days[0], last_day=days[-1]
    )
