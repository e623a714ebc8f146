from clickstream_platform import transforms
from clickstream_platform.config import get_settings
from clickstream_platform.lib.table_asset import table_asset
from clickstream_platform.lib.table_frames import Frame


@table_asset()
def marketing_spend_clean(marketing_spend: Frame) -> Frame:
    return transforms.marketing_spend_clean(marketing_spend, currency=get_settings().currency)
