from clickstream_platform import transforms
from clickstream_platform.lib.table_asset import table_asset
from clickstream_platform.lib.table_frames import Frame


@table_asset()
def daily_sales_summary(orders_validated: Frame) -> Frame:
    return transforms.daily_sales_summary(orders_validated)
