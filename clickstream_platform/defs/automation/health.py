from clickstream_platform.lib.health import platform_health

__all__ = ["platform_health"]
