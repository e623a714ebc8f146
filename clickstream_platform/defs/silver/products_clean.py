from clickstream_platform import transforms
from clickstream_platform.lib.table_asset import table_asset
from clickstream_platform.lib.table_frames import Frame


@table_asset()
def products_clean(products: Frame) -> Frame:
    return transforms.products_clean(products)
