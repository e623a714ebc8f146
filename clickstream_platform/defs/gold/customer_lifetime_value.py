from clickstream_platform import transforms
from clickstream_platform.lib.automation import on_quiet
from clickstream_platform.lib.table_asset import table_asset
from clickstream_platform.lib.table_frames import Frame


@table_asset(automation=on_quiet())
def customer_lifetime_value(orders_validated: Frame) -> Frame:
    return transforms.customer_lifetime_value(orders_validated, as_of=transforms.last_order_date(orders_validated))
