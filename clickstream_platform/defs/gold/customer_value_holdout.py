from clickstream_platform.config import get_settings
from clickstream_platform.lib.automation import monthly
from clickstream_platform.lib.customer_value import holdout_by_frequency
from clickstream_platform.lib.table_asset import table_asset
from clickstream_platform.lib.table_frames import Frame


@table_asset(automation=monthly())
def customer_value_holdout(orders_validated: Frame) -> Frame:
    return holdout_by_frequency(orders_validated, horizon_days=get_settings().clv_horizon_days)
