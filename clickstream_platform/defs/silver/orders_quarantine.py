from clickstream_platform import transforms
from clickstream_platform.config import get_settings
from clickstream_platform.lib.automation import on_fact_change
from clickstream_platform.lib.table_asset import table_asset
from clickstream_platform.lib.table_frames import Frame


@table_asset(automation=on_fact_change())
def orders_quarantine(orders: Frame, customers_clean: Frame, products_clean: Frame) -> Frame:
    return transforms.orders_quarantine(orders, customers_clean, products_clean, currency=get_settings().currency)
