from clickstream_platform.config import get_settings
from clickstream_platform.lib.automation import on_quiet
from clickstream_platform.lib.customer_value import valued_customers
from clickstream_platform.lib.table_asset import table_asset
from clickstream_platform.lib.table_frames import Frame


@table_asset(automation=on_quiet())
def customer_lifetime_value(orders_validated: Frame, customer_value_models: Frame) -> Frame:
    settings = get_settings()
    return valued_customers(
        orders_validated,
        customer_value_models,
        horizon_days=settings.clv_horizon_days,
        discount_rate=settings.clv_discount_rate,
    )
