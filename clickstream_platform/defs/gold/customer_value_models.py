from clickstream_platform.lib.automation import monthly
from clickstream_platform.lib.customer_value import fitted_models
from clickstream_platform.lib.table_asset import table_asset
from clickstream_platform.lib.table_frames import Frame


@table_asset(automation=monthly())
def customer_value_models(orders_validated: Frame) -> Frame:
    return fitted_models(orders_validated)
