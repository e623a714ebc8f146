from clickstream_platform import transforms
from clickstream_platform.lib.automation import on_quiet
from clickstream_platform.lib.table_asset import table_asset
from clickstream_platform.lib.table_frames import Frame


@table_asset(automation=on_quiet())
def cohort_retention(orders_validated: Frame, customers_clean: Frame) -> Frame:
    return transforms.cohort_retention(orders_validated, customers_clean)
