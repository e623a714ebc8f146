from clickstream_platform.lib.erasure.job import erase

__all__ = ["erase"]
