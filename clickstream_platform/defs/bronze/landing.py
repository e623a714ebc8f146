from clickstream_platform.lib.landing_asset import landing_files, landing_sensor

__all__ = ["landing_files", "landing_sensor"]
