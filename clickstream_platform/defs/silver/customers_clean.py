from clickstream_platform import transforms
from clickstream_platform.lib.table_asset import table_asset
from clickstream_platform.lib.table_frames import Frame


@table_asset()
def customers_clean(customers: Frame) -> Frame:
    return transforms.customers_clean(customers)
