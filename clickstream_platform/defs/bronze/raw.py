from clickstream_platform.lib.raw_rebuild import raw_deliveries, rebuild_bronze

__all__ = ["raw_deliveries", "rebuild_bronze"]
