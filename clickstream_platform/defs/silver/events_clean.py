from clickstream_platform import transforms
from clickstream_platform.config import get_settings
from clickstream_platform.lib.table_asset import table_asset
from clickstream_platform.lib.table_frames import Frame


@table_asset()
def events_clean(events: Frame) -> Frame:
    settings = get_settings()
    return transforms.events_clean(events, currency=settings.currency, consent_default=settings.consent_default)
