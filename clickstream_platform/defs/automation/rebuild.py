from clickstream_platform.lib.rebuild_job import rebuild

__all__ = ["rebuild"]
