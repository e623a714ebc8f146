from clickstream_platform.lib.notify import notify_check_failure, notify_run_failure

__all__ = ["notify_check_failure", "notify_run_failure"]
